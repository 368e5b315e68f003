//! The `view!` macro: markup as in leptos, written out as calls that make one kind of tree.
//!
//! leptos gives every piece of markup a type of its own, and builds, patches and drops each by code of its own: two
//! thirds of the client was that. Here every piece is a `crate::view::View`, a value, and one function builds them all.
//! The markup is the same: `name=value`, `class:name=condition`, `prop:name=value`, `on:event=handler`,
//! `on:event:target=handler`, `node_ref=place`, text in quotes, and anything else in braces.

use std::sync::atomic::{AtomicU32, Ordering};

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, quote};
use rstml::node::{KeyedAttribute, Node, NodeAttribute, NodeBlock, NodeElement};
use syn3::{Expr, Stmt};

/// Tells the uses of the macro apart: only what the same use drew is patched in place.
static SITES: AtomicU32 = AtomicU32::new(1);

/// Makes a `crate::view::View` of markup.
#[proc_macro]
pub fn view(tokens: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let site = SITES.fetch_add(1, Ordering::Relaxed);
    let nodes = match rstml::parse2(tokens.into()) {
        Ok(nodes) => nodes,
        Err(error) => return error.into_compile_error().into(),
    };
    let mut drawn: Vec<_> = nodes.iter().filter_map(|node| self::node(node, site)).collect();
    match (drawn.pop(), drawn.is_empty()) {
        (None, _) => quote!(crate::view::View::Nothing),
        (Some(only), true) => only,
        (Some(last), false) => quote!(crate::view::View::Many(vec![#(#drawn,)* #last])),
    }
    .into()
}

/// An expression of type `View`.
fn node(node: &Node, site: u32) -> Option<TokenStream> {
    Some(match node {
        Node::Element(found) => {
            let element = element(found, site);
            quote!(crate::view::View::Element(#element))
        }
        Node::Text(text) => {
            let text = text.value_string();
            quote!(crate::view::text(#text))
        }
        Node::Block(block) => {
            let inside = inside(block);
            quote!(crate::view::IntoView::into_view(#inside))
        }
        other => {
            let refused = syn3::Error::new_spanned(other, "only elements, quoted texts and blocks are drawn");
            refused.into_compile_error()
        }
    })
}

/// What a block holds: without its braces if it is a single expression.
fn inside(block: &NodeBlock) -> TokenStream {
    match block {
        NodeBlock::ValidBlock(block) => match block.stmts.as_slice() {
            [Stmt::Expr(only, None)] => only.to_token_stream(),
            _ => block.to_token_stream(),
        },
        NodeBlock::Invalid(block) => block.to_token_stream(),
    }
}

fn element(found: &NodeElement<rstml::Infallible>, site: u32) -> TokenStream {
    let name = found.name().to_string();
    let own = Ident::new("element", Span::mixed_site());
    let attributes = found.attributes().iter().map(|attribute| match attribute {
        NodeAttribute::Attribute(attribute) => self::attribute(&own, &name, attribute),
        NodeAttribute::Block(block) => {
            syn3::Error::new_spanned(block, "an attribute has a name").into_compile_error()
        }
    });
    let children = found.children.iter().filter_map(|child| {
        Some(match child {
            // An element within the markup is patched with the one around it.
            Node::Element(found) => {
                let child = element(found, 0);
                quote!(#own.nest(#child);)
            }
            Node::Text(text) => {
                let text = text.value_string();
                quote!(#own.text(#text);)
            }
            Node::Block(NodeBlock::ValidBlock(block)) if words(block).is_some() => {
                let words = words(block);
                quote!(#own.words(#words);)
            }
            other => {
                let child = node(other, 0)?;
                quote!(#own.child(#child);)
            }
        })
    });
    quote! {{
        let mut #own = crate::view::Element::new(#name, #site);
        #(#attributes)*
        #(#children)*
        #own
    }}
}

fn attribute(own: &Ident, tag: &str, attribute: &KeyedAttribute) -> TokenStream {
    let key: String = attribute.key.to_string().split_whitespace().collect();
    let value = attribute.value();
    let given = || match value {
        None => quote!(true),
        Some(Expr::Paren(inner)) => inner.expr.to_token_stream(),
        Some(value) => value.to_token_stream(),
    };
    let mut parts = key.split(':');
    match (parts.next(), parts.next(), parts.next()) {
        (Some("on"), Some(event), None) => {
            let (kind, handler) = (event_type(event), given());
            quote!(#own.on(#event, crate::view::handler::<#kind>(#handler));)
        }
        (Some("on"), Some(event), Some("target")) => {
            let (kind, handler) = (element_type(tag), given());
            quote!(#own.on(#event, crate::view::target_handler::<#kind>(#handler));)
        }
        (Some("prop"), Some(name), None) => {
            let given = given();
            quote!(#own.prop(#name, crate::view::IntoValue::into_value(#given));)
        }
        (Some("class"), Some(name), None) => {
            let given = given();
            quote!(#own.class(#name, crate::view::IntoValue::into_value(#given));)
        }
        (Some("node_ref"), None, None) => {
            let given = given();
            quote!(#own.node_ref(#given);)
        }
        (Some(name), None, None) => match (literal(value), value) {
            (Some(text), _) => quote!(#own.fixed(#name, #text);),
            (None, Some(Expr::Macro(call))) if words_of(&call.mac).is_some() => {
                let words = words_of(&call.mac);
                quote!(#own.words_for(#name, #words);)
            }
            (None, _) => {
                let given = given();
                quote!(#own.attribute(#name, crate::view::IntoValue::into_value(#given));)
            }
        },
        _ => syn3::Error::new_spanned(&attribute.key, "no attribute is named so").into_compile_error(),
    }
}

/// `{t!(section.key)}`: words that follow the language by themselves.
fn words(block: &syn3::Block) -> Option<TokenStream> {
    match block.stmts.as_slice() {
        [Stmt::Expr(Expr::Macro(call), None)] => words_of(&call.mac),
        [Stmt::Macro(call)] if call.semi_token.is_none() => words_of(&call.mac),
        _ => None,
    }
}

/// The text that `t!(section.key)` names, without saying it.
fn words_of(call: &syn3::Macro) -> Option<TokenStream> {
    let path = call.tokens.to_string();
    let (section, key) = path.split_once('.')?;
    let name = |word: &str| syn3::parse_str::<Ident>(word.trim()).ok();
    let (section, key) = (name(section)?, name(key)?);
    call.path.is_ident("t").then(|| quote!(crate::i18n::texts::#section::#key()))
}

fn literal(value: Option<&Expr>) -> Option<String> {
    match value {
        Some(Expr::Lit(syn3::ExprLit { lit: syn3::Lit::Str(text), .. })) => Some(text.value()),
        _ => None,
    }
}

fn event_type(event: &str) -> TokenStream {
    match event {
        "click" | "dblclick" | "mouseenter" | "mouseleave" => quote!(web_sys::MouseEvent),
        "keydown" | "keyup" => quote!(web_sys::KeyboardEvent),
        _ => quote!(web_sys::Event),
    }
}

fn element_type(tag: &str) -> TokenStream {
    match tag {
        "input" => quote!(web_sys::HtmlInputElement),
        "select" => quote!(web_sys::HtmlSelectElement),
        "textarea" => quote!(web_sys::HtmlTextAreaElement),
        "img" => quote!(web_sys::HtmlImageElement),
        "video" => quote!(web_sys::HtmlVideoElement),
        _ => quote!(web_sys::HtmlElement),
    }
}
