//! What pages are made of: one kind of tree, built and patched by the same few functions.
//!
//! A [`View`] is a value. [`mount`] builds it; whatever stands in a closure is drawn anew when a signal read in it
//! changes, and patched in place where the same piece of markup drew it before, so that focus, scroll and selection
//! stay. Signals, memos and effects are leptos's own.

use std::borrow::Cow;
use std::cell::RefCell;
use std::ops::Deref;
use std::rc::Rc;

use leptos::prelude::{LocalStorage, Owner, RenderEffect, RwSignal, Set, document};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{Event, Node};

use crate::format;
use crate::i18n::Text;

/// A piece of a page.
pub(crate) enum View {
    /// Nothing to see.
    Nothing,
    /// Text.
    Text(Cow<'static, str>),
    /// Words of the person's language.
    Words(Text),
    /// An element with all that is in it.
    Element(Element),
    /// Several pieces in a row.
    Many(Vec<View>),
    /// A piece that follows signals.
    Dynamic(Box<dyn FnMut() -> View>),
}

/// The name under which pages return what they draw.
pub(crate) type AnyView = View;

/// A place in the page, filled when its element is built.
pub(crate) type NodeRef<T> = RwSignal<Option<T>, LocalStorage>;

/// An empty place.
pub(crate) fn place<T: 'static>() -> NodeRef<T> {
    RwSignal::new_local(None)
}

/// What can be drawn.
pub(crate) trait IntoView {
    /// Makes a piece of a page of it.
    fn into_view(self) -> View;

    /// The same, by the name pages use.
    fn into_any(self) -> View
    where
        Self: Sized,
    {
        self.into_view()
    }
}

impl IntoView for View {
    fn into_view(self) -> View {
        self
    }
}

impl IntoView for () {
    fn into_view(self) -> View {
        View::Nothing
    }
}

impl IntoView for &'static str {
    fn into_view(self) -> View {
        View::Text(Cow::Borrowed(self))
    }
}

impl IntoView for String {
    fn into_view(self) -> View {
        View::Text(Cow::Owned(self))
    }
}

impl IntoView for Text {
    fn into_view(self) -> View {
        View::Words(self)
    }
}

impl<T: IntoView> IntoView for Option<T> {
    fn into_view(self) -> View {
        self.map_or(View::Nothing, T::into_view)
    }
}

impl<T: IntoView> IntoView for Vec<T> {
    fn into_view(self) -> View {
        View::Many(self.into_iter().map(T::into_view).collect())
    }
}

impl<F: FnMut() -> V + 'static, V: IntoView> IntoView for F {
    fn into_view(mut self) -> View {
        View::Dynamic(Box::new(move || self().into_view()))
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl IntoView for $number {
            fn into_view(self) -> View {
                View::Text(Cow::Owned(self.to_string()))
            }
        }

        impl IntoValue for $number {
            fn into_value(self) -> Value {
                Value::Text(Cow::Owned(self.to_string()))
            }
        }
    )*};
}

numbers!(u16, u32, u64, usize, i32);

macro_rules! fractions {
    ($($number:ty),*) => {$(
        impl IntoView for $number {
            fn into_view(self) -> View {
                View::Text(Cow::Owned(format::plain(self)))
            }
        }

        impl IntoValue for $number {
            fn into_value(self) -> Value {
                Value::Text(Cow::Owned(format::plain(self)))
            }
        }
    )*};
}

fractions!(f32, f64);

/// Pieces one after the other.
pub(crate) trait CollectView {
    /// Makes one piece of all.
    fn collect_view(self) -> View;
}

impl<I: Iterator<Item: IntoView>> CollectView for I {
    fn collect_view(self) -> View {
        View::Many(self.map(IntoView::into_view).collect())
    }
}

/// The value of an attribute, a property or a class.
pub(crate) enum Value {
    /// The attribute is absent.
    Nothing,
    /// Present or absent.
    Flag(bool),
    /// Its text.
    Text(Cow<'static, str>),
    /// Words of the person's language.
    Words(Text),
    /// A value that follows signals.
    Dynamic(Box<dyn FnMut() -> Value>),
}

/// What an attribute can be set to.
pub(crate) trait IntoValue {
    /// Makes a value of it.
    fn into_value(self) -> Value;
}

impl IntoValue for &'static str {
    fn into_value(self) -> Value {
        Value::Text(Cow::Borrowed(self))
    }
}

impl IntoValue for String {
    fn into_value(self) -> Value {
        Value::Text(Cow::Owned(self))
    }
}

impl IntoValue for bool {
    fn into_value(self) -> Value {
        Value::Flag(self)
    }
}

impl IntoValue for Text {
    fn into_value(self) -> Value {
        Value::Words(self)
    }
}

impl<T: IntoValue> IntoValue for Option<T> {
    fn into_value(self) -> Value {
        self.map_or(Value::Nothing, T::into_value)
    }
}

impl<F: FnMut() -> V + 'static, V: IntoValue> IntoValue for F {
    fn into_value(mut self) -> Value {
        Value::Dynamic(Box::new(move || self().into_value()))
    }
}

/// Text of the markup itself.
pub(crate) fn text(text: &'static str) -> View {
    View::Text(Cow::Borrowed(text))
}

type Handler = Box<dyn FnMut(Event)>;
/// Called with the element once it stands.
type Built = Box<dyn FnOnce(&web_sys::Element)>;

/// Whatever listens to an event of type `E`.
pub(crate) fn handler<E: JsCast + 'static>(mut act: impl FnMut(E) + 'static) -> Handler {
    Box::new(move |event| act(event.unchecked_into()))
}

/// Whatever listens to an event of an element of type `T`, and asks it.
pub(crate) fn target_handler<T: JsCast + 'static>(mut act: impl FnMut(Targeted<T>) + 'static) -> Handler {
    Box::new(move |event| {
        if let Some(target) = event.current_target() {
            act(Targeted { event, target: target.unchecked_into() });
        }
    })
}

/// An event and the element that listens to it.
pub(crate) struct Targeted<T> {
    event: Event,
    target: T,
}

impl<T: Clone> Targeted<T> {
    /// The element.
    pub(crate) fn target(&self) -> T {
        self.target.clone()
    }
}

impl<T> Deref for Targeted<T> {
    type Target = Event;

    fn deref(&self) -> &Event {
        &self.event
    }
}

/// What of an element a value sets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Attribute,
    Property,
    Class,
}

/// An element still to be built. A box, and none of its functions inlined: pages consist of little else.
pub(crate) struct Element(Box<Inside>);

struct Inside {
    tag: &'static str,
    /// Which use of the macro drew it; 0 for an element within another of the same use.
    site: u32,
    values: Vec<(What, &'static str, Value)>,
    handlers: Vec<(&'static str, Handler)>,
    children: Vec<View>,
    built: Option<Built>,
}

impl Element {
    /// An element without anything.
    #[inline(never)]
    pub(crate) fn new(tag: &'static str, site: u32) -> Self {
        let (values, handlers, children) = (Vec::new(), Vec::new(), Vec::new());
        Self(Box::new(Inside { tag, site, values, handlers, children, built: None }))
    }

    /// Sets an attribute to a text that never changes.
    #[inline(never)]
    pub(crate) fn fixed(&mut self, name: &'static str, text: &'static str) {
        self.0.values.push((What::Attribute, name, Value::Text(Cow::Borrowed(text))));
    }

    /// Sets an attribute.
    #[inline(never)]
    pub(crate) fn attribute(&mut self, name: &'static str, value: Value) {
        self.0.values.push((What::Attribute, name, value));
    }

    /// Sets a property of the object.
    #[inline(never)]
    pub(crate) fn prop(&mut self, name: &'static str, value: Value) {
        self.0.values.push((What::Property, name, value));
    }

    /// Gives or takes one class.
    #[inline(never)]
    pub(crate) fn class(&mut self, name: &'static str, value: Value) {
        self.0.values.push((What::Class, name, value));
    }

    /// Listens to an event.
    #[inline(never)]
    pub(crate) fn on(&mut self, event: &'static str, handler: Handler) {
        self.0.handlers.push((event, handler));
    }

    /// Fills a place with the element once it is built.
    pub(crate) fn node_ref<T: JsCast + 'static>(&mut self, place: NodeRef<T>) {
        self.0.built = Some(Box::new(move |element| place.set(Some(element.clone().unchecked_into()))));
    }

    /// Adds a text.
    #[inline(never)]
    pub(crate) fn text(&mut self, text: &'static str) {
        self.0.children.push(View::Text(Cow::Borrowed(text)));
    }

    /// Adds words of the person's language.
    #[inline(never)]
    pub(crate) fn words(&mut self, text: Text) {
        self.0.children.push(View::Words(text));
    }

    /// Sets an attribute to words of the person's language.
    #[inline(never)]
    pub(crate) fn words_for(&mut self, name: &'static str, text: Text) {
        self.0.values.push((What::Attribute, name, Value::Words(text)));
    }

    /// Adds an element.
    #[inline(never)]
    pub(crate) fn nest(&mut self, child: Self) {
        self.0.children.push(View::Element(child));
    }

    /// Adds a piece.
    #[inline(never)]
    pub(crate) fn child(&mut self, child: View) {
        self.0.children.push(child);
    }
}

/// A piece that stands in the page.
enum Mounted {
    /// A text, or an empty one where there is nothing.
    Text(web_sys::Text, Cow<'static, str>),
    Element(MountedElement),
    /// Several, and the empty text behind them.
    Many(Vec<Mounted>, web_sys::Text),
    /// What a closure drew, and the effect that draws it.
    Dynamic(Rc<RefCell<Mounted>>, RenderEffect<()>),
}

struct MountedElement {
    node: web_sys::Element,
    tag: &'static str,
    site: u32,
    values: Vec<Standing>,
    handlers: Vec<Listening>,
    children: Vec<Mounted>,
}

/// A value that was set.
struct Standing {
    what: What,
    name: &'static str,
    /// What was set, if it does not change.
    fixed: Option<Value>,
    /// What sets it, if it does.
    _effect: Option<RenderEffect<()>>,
}

/// A handler, for as long as it is kept.
struct Listening {
    node: web_sys::Element,
    event: &'static str,
    closure: Closure<dyn FnMut(Event)>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        let function = self.closure.as_ref().unchecked_ref();
        let _gone = self.node.remove_event_listener_with_callback(self.event, function);
    }
}

/// Draws the root into the page's body, for as long as the page stands.
pub(crate) fn mount(root: impl FnOnce() -> View) {
    let _already = any_spawner::Executor::init_wasm_bindgen();
    let Some(body) = document().body() else { return };
    let owner = Owner::new();
    let mounted = owner.with(|| build(root(), &body, None));
    std::mem::forget((owner, mounted));
}

fn effect(mut run: Box<dyn FnMut()>) -> RenderEffect<()> {
    RenderEffect::new(move |_| run())
}

fn insert(parent: &Node, node: &Node, before: Option<&Node>) {
    // Fails only when another script has taken the page apart.
    let _refused = parent.insert_before(node, before);
}

fn text_node(text: &str) -> web_sys::Text {
    document().create_text_node(text)
}

/// Builds a piece before a node of `parent`, or at its end.
fn build(view: View, parent: &Node, before: Option<&Node>) -> Mounted {
    match view {
        View::Nothing => build_text(Cow::Borrowed(""), parent, before),
        View::Text(text) => build_text(text, parent, before),
        View::Words(text) => build(spoken(text), parent, before),
        View::Element(element) => {
            let mounted = build_element(element);
            insert(parent, &mounted.node, before);
            Mounted::Element(mounted)
        }
        View::Many(views) => {
            let end = text_node("");
            insert(parent, &end, before);
            let all = views.into_iter().map(|view| build(view, parent, Some(&end))).collect();
            Mounted::Many(all, end)
        }
        View::Dynamic(draw) => {
            let standing = Rc::new(RefCell::new(build(View::Nothing, parent, before)));
            let effect = follow(draw, &standing);
            Mounted::Dynamic(standing, effect)
        }
    }
}

/// Words as a text that follows the language.
fn spoken(text: Text) -> View {
    View::Dynamic(Box::new(move || View::Text(Cow::Borrowed(text.say()))))
}

fn build_text(text: Cow<'static, str>, parent: &Node, before: Option<&Node>) -> Mounted {
    let node = text_node(&text);
    insert(parent, &node, before);
    Mounted::Text(node, text)
}

/// Draws again whenever a signal changes, as long as `standing` stands.
///
/// The effect only lends what it draws: when the piece is taken away, the effects within it end at once, before
/// another of them runs on signals that are gone.
fn follow(mut draw: Box<dyn FnMut() -> View>, standing: &Rc<RefCell<Mounted>>) -> RenderEffect<()> {
    let standing = Rc::downgrade(standing);
    effect(Box::new(move || {
        if let Some(standing) = standing.upgrade() {
            let view = draw();
            patch(&mut standing.borrow_mut(), view);
        }
    }))
}

fn create(tag: &str) -> web_sys::Element {
    const SVG: &[&str] = &[
        "circle", "defs", "ellipse", "g", "line", "path", "polygon", "polyline", "rect", "svg", "text",
        "tspan",
    ];
    let made = if SVG.contains(&tag) {
        document().create_element_ns(Some("http://www.w3.org/2000/svg"), tag)
    } else {
        document().create_element(tag)
    };
    // Every tag of the markup is a valid name.
    made.unwrap_or_else(|_| JsValue::NULL.unchecked_into())
}

fn build_element(Element(element): Element) -> MountedElement {
    let node = create(element.tag);
    let values =
        element.values.into_iter().map(|(what, name, value)| stand(&node, what, name, value)).collect();
    let handlers = listen(&node, element.handlers);
    let children = element.children.into_iter().map(|child| build(child, &node, None)).collect();
    if let Some(built) = element.built {
        built(&node);
    }
    MountedElement { node, tag: element.tag, site: element.site, values, handlers, children }
}

fn listen(node: &web_sys::Element, handlers: Vec<(&'static str, Handler)>) -> Vec<Listening> {
    let listening = |(event, handler): (&'static str, Handler)| {
        let closure = Closure::wrap(handler);
        let function = closure.as_ref().unchecked_ref();
        let _refused = node.add_event_listener_with_callback(event, function);
        Listening { node: node.clone(), event, closure }
    };
    handlers.into_iter().map(listening).collect()
}

/// Sets a value, and goes on setting it if it follows signals.
fn stand(node: &web_sys::Element, what: What, name: &'static str, value: Value) -> Standing {
    match value {
        Value::Words(text) => {
            let value = move || Value::Text(Cow::Borrowed(text.say()));
            stand(node, what, name, Value::Dynamic(Box::new(value)))
        }
        Value::Dynamic(mut value) => {
            let node = node.clone();
            let run = move || set(&node, what, name, &plain(value()));
            Standing { what, name, fixed: None, _effect: Some(effect(Box::new(run))) }
        }
        value => {
            set(node, what, name, &value);
            Standing { what, name, fixed: Some(value), _effect: None }
        }
    }
}

/// A value of a value: a closure may answer with another.
fn plain(value: Value) -> Value {
    match value {
        Value::Dynamic(mut inner) => plain(inner()),
        Value::Words(text) => Value::Text(Cow::Borrowed(text.say())),
        value => value,
    }
}

fn set(node: &web_sys::Element, what: What, name: &str, value: &Value) {
    let _refused = match (what, value) {
        (What::Attribute, Value::Text(text)) => node.set_attribute(name, text),
        (What::Attribute, Value::Flag(true)) => node.set_attribute(name, ""),
        (What::Attribute, _) => node.remove_attribute(name),
        (What::Class, Value::Flag(true)) => node.class_list().add_1(name),
        (What::Class, _) => node.class_list().remove_1(name),
        (What::Property, value) => {
            let value = match value {
                Value::Text(text) => JsValue::from_str(text),
                Value::Flag(flag) => JsValue::from_bool(*flag),
                _ => JsValue::NULL,
            };
            let name = JsValue::from_str(name);
            // A field that holds the text already is left alone: somebody may be composing in it.
            match js_sys::Reflect::get(node, &name) {
                Ok(now) if now == value => Ok(()),
                _ => js_sys::Reflect::set(node, &name, &value).map(drop),
            }
        }
    };
}

/// Makes what stands like `view`, in place where the same markup drew both.
fn patch(mounted: &mut Mounted, view: View) {
    match (&mut *mounted, view) {
        (Mounted::Text(node, standing), View::Text(text)) => {
            if *standing != text {
                node.set_data(&text);
                *standing = text;
            }
        }
        (Mounted::Text(_, standing), View::Nothing) if standing.is_empty() => {}
        (Mounted::Element(standing), View::Element(Element(element)))
            if standing.site == element.site && standing.tag == element.tag =>
        {
            patch_element(standing, *element);
        }
        (_, View::Words(text)) => patch(mounted, spoken(text)),
        (Mounted::Many(standing, end), View::Many(views)) => patch_many(standing, views, end),
        (Mounted::Dynamic(standing, effect), View::Dynamic(draw)) => *effect = follow(draw, standing),
        (_, view) => replace(mounted, view),
    }
}

fn replace(mounted: &mut Mounted, view: View) {
    let first = first(mounted);
    let Some(parent) = first.parent_node() else { return };
    let new = build(view, &parent, Some(&first));
    let old = std::mem::replace(mounted, new);
    remove(&old);
}

fn patch_many(standing: &mut Vec<Mounted>, views: Vec<View>, end: &web_sys::Text) {
    for gone in standing.drain(views.len().min(standing.len())..) {
        remove(&gone);
    }
    let Some(parent) = end.parent_node() else { return };
    for (at, view) in views.into_iter().enumerate() {
        match standing.get_mut(at) {
            Some(mounted) => patch(mounted, view),
            None => standing.push(build(view, &parent, Some(end))),
        }
    }
}

fn patch_element(standing: &mut MountedElement, element: Inside) {
    let node = standing.node.clone();
    standing.handlers.clear();
    standing.values = patch_values(&node, std::mem::take(&mut standing.values), element.values);
    standing.handlers = listen(&node, element.handlers);
    let end = element.children.len().min(standing.children.len());
    for gone in standing.children.drain(end..) {
        remove(&gone);
    }
    for (at, child) in element.children.into_iter().enumerate() {
        match standing.children.get_mut(at) {
            Some(mounted) => patch(mounted, child),
            None => standing.children.push(build(child, &node, None)),
        }
    }
    if let Some(built) = element.built {
        built(&node);
    }
}

/// The same markup sets the same names in the same order; only what differs is set again.
fn patch_values(
    node: &web_sys::Element,
    standing: Vec<Standing>,
    values: Vec<(What, &'static str, Value)>,
) -> Vec<Standing> {
    let mut old = standing.into_iter();
    let mut patched = Vec::with_capacity(values.len());
    for (what, name, value) in values {
        let same = old.next().filter(|old| old.what == what && old.name == name);
        patched.push(match same {
            Some(old) if old.fixed.as_ref().is_some_and(|fixed| is_same(fixed, &value)) => old,
            _ => stand(node, what, name, value),
        });
    }
    patched
}

fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Nothing, Value::Nothing) => true,
        (Value::Flag(a), Value::Flag(b)) => a == b,
        (Value::Text(a), Value::Text(b)) => a == b,
        _ => false,
    }
}

/// The first node of what stands.
fn first(mounted: &Mounted) -> Node {
    match mounted {
        Mounted::Text(node, _) => node.clone().into(),
        Mounted::Element(element) => element.node.clone().into(),
        Mounted::Many(all, end) => all.first().map_or_else(|| end.clone().into(), first),
        Mounted::Dynamic(standing, _) => first(&standing.borrow()),
    }
}

/// Takes what stands out of the page.
fn remove(mounted: &Mounted) {
    match mounted {
        Mounted::Text(node, _) => node.remove(),
        Mounted::Element(element) => element.node.remove(),
        Mounted::Many(all, end) => {
            all.iter().for_each(remove);
            end.remove();
        }
        Mounted::Dynamic(standing, _) => remove(&standing.borrow()),
    }
}
