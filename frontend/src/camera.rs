//! The desk's camera: what it sees, whether the picture is good enough to take, and taking it.
//!
//! The guide judges light, sharpness and stillness inside the oval, from a few grey pixels that never leave the
//! browser. Whether there is a face, and whose, is judged by the appliance alone.

use crate::prelude::*;
use crate::view::place;
use futures_channel::oneshot;
use gloo_timers::callback::Interval;
use wasm_bindgen::{JsCast as _, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;

use crate::browser;

/// Width of the grey picture that the guide judges, px.
const GUIDE_WIDTH: u32 = 96;
/// Its height, px: 3:4 like every photo here.
const GUIDE_HEIGHT: u32 = 128;
/// How often the guide looks, ms.
const GUIDE_EVERY: u32 = 300;

/// How the camera stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stand {
    /// Not asked for.
    Off,
    /// Asked for; the browser may be asking the person.
    Starting,
    /// Seeing.
    On,
    /// Refused or not there.
    Unavailable,
}

/// What the guide says of the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Guide {
    /// Neither too dark nor too bright.
    pub(crate) light: bool,
    /// Edges are there.
    pub(crate) sharp: bool,
    /// Nothing moves.
    pub(crate) still: bool,
}

impl Guide {
    /// Whether the picture may be taken.
    pub(crate) const fn good(self) -> bool {
        self.light && self.sharp && self.still
    }
}

/// A camera bound to a video element.
#[derive(Clone, Copy)]
pub(crate) struct Camera {
    /// Where the picture is shown.
    pub(crate) video: NodeRef<web_sys::HtmlVideoElement>,
    /// How it stands.
    pub(crate) stand: RwSignal<Stand>,
    /// What the guide says.
    pub(crate) guide: RwSignal<Guide>,
    stream: StoredValue<Option<web_sys::MediaStream>, LocalStorage>,
    watch: StoredValue<Option<Interval>, LocalStorage>,
}

impl Camera {
    /// A camera that is off. It goes off again with the page.
    pub(crate) fn new() -> Self {
        let camera = Self {
            video: place(),
            stand: RwSignal::new(Stand::Off),
            guide: RwSignal::new(Guide::default()),
            stream: StoredValue::new_local(None),
            watch: StoredValue::new_local(None),
        };
        on_cleanup(move || camera.stop());
        camera
    }

    /// Asks for the camera and shows what it sees.
    pub(crate) fn start(self) {
        self.stand.set(Stand::Starting);
        spawn_local(async move {
            let stream = open().await;
            // The page may have gone while the browser was asking.
            let Some(video) = self.video.try_get_untracked().flatten() else {
                if let Ok(stream) = stream {
                    stop_tracks(&stream);
                }
                return;
            };
            match stream {
                Ok(stream) => {
                    video.set_src_object(Some(&stream));
                    let _autoplay = video.play();
                    self.stream.set_value(Some(stream));
                    self.stand.set(Stand::On);
                    self.watch_picture();
                }
                Err(_) => self.stand.set(Stand::Unavailable),
            }
        });
    }

    /// Lets the camera go.
    pub(crate) fn stop(self) {
        self.watch.try_update_value(|watch| watch.take());
        if let Some(stream) = self.stream.try_update_value(Option::take).flatten() {
            stop_tracks(&stream);
        }
    }

    fn watch_picture(self) {
        let mut before = Vec::new();
        let interval = Interval::new(GUIDE_EVERY, move || {
            let Some(video) = self.video.try_get_untracked().flatten() else { return };
            if let Ok(grey) = grey_picture(&video) {
                self.guide.set(judge(&grey, &before));
                before = grey;
            }
        });
        self.watch.set_value(Some(interval));
    }

    /// Takes the picture inside the frame, as JPEG.
    pub(crate) async fn take(self) -> Result<web_sys::Blob, JsValue> {
        let video = self.video.get_untracked().ok_or(JsValue::NULL)?;
        let (_, _, width, height) = frame(&video);
        let canvas = draw(&video, rounded(width), rounded(height))?;
        let (sender, receiver) = oneshot::channel();
        let keep = Closure::once(move |blob: JsValue| {
            let _gone = sender.send(blob);
        });
        canvas.to_blob_with_type_and_encoder_options(
            keep.as_ref().unchecked_ref(),
            "image/jpeg",
            &JsValue::from_f64(0.95),
        )?;
        receiver.await.map_err(|_| JsValue::NULL)?.dyn_into()
    }
}

async fn open() -> Result<web_sys::MediaStream, JsValue> {
    let wanted = web_sys::MediaStreamConstraints::new();
    let video = js_sys::Object::new();
    for (name, value) in [("width", 1280), ("height", 960)] {
        let ideal = js_sys::Object::new();
        js_sys::Reflect::set(&ideal, &"ideal".into(), &value.into())?;
        js_sys::Reflect::set(&video, &name.into(), &ideal)?;
    }
    wanted.set_video(&video);
    let devices = browser::window().navigator().media_devices()?;
    JsFuture::from(devices.get_user_media_with_constraints(&wanted)?).await?.dyn_into()
}

fn stop_tracks(stream: &web_sys::MediaStream) {
    for track in stream.get_tracks().iter() {
        if let Ok(track) = track.dyn_into::<web_sys::MediaStreamTrack>() {
            track.stop();
        }
    }
}

/// The 3:4 part in the middle of the picture: x, y, width, height, px.
fn frame(video: &web_sys::HtmlVideoElement) -> (f64, f64, f64, f64) {
    let (width, height) = (f64::from(video.video_width()), f64::from(video.video_height()));
    let wanted = (height * 0.75).min(width);
    let tall = wanted / 0.75;
    ((width - wanted) / 2.0, (height - tall) / 2.0, wanted, tall)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a picture's side is a small positive number"
)]
fn rounded(side: f64) -> u32 {
    side.round().max(1.0) as u32
}

fn draw(
    video: &web_sys::HtmlVideoElement,
    width: u32,
    height: u32,
) -> Result<web_sys::HtmlCanvasElement, JsValue> {
    let canvas: web_sys::HtmlCanvasElement = document().create_element("canvas")?.dyn_into()?;
    canvas.set_width(width);
    canvas.set_height(height);
    let context: web_sys::CanvasRenderingContext2d =
        canvas.get_context("2d")?.ok_or(JsValue::NULL)?.dyn_into()?;
    let (x, y, w, h) = frame(video);
    context.draw_image_with_html_video_element_and_sw_and_sh_and_dx_and_dy_and_dw_and_dh(
        video,
        x,
        y,
        w,
        h,
        0.0,
        0.0,
        f64::from(width),
        f64::from(height),
    )?;
    Ok(canvas)
}

/// The picture in the oval's box as grey values, row by row.
fn grey_picture(video: &web_sys::HtmlVideoElement) -> Result<Vec<u8>, JsValue> {
    if video.video_width() == 0 {
        return Err(JsValue::NULL);
    }
    let canvas = draw(video, GUIDE_WIDTH, GUIDE_HEIGHT)?;
    let context: web_sys::CanvasRenderingContext2d =
        canvas.get_context("2d")?.ok_or(JsValue::NULL)?.dyn_into()?;
    let data = context.get_image_data(0.0, 0.0, f64::from(GUIDE_WIDTH), f64::from(GUIDE_HEIGHT))?.data();
    let grey = |pixel: &[u8]| match pixel {
        [r, g, b, ..] => {
            u8::try_from((u32::from(*r) * 77 + u32::from(*g) * 150 + u32::from(*b) * 29) >> 8).unwrap_or(255)
        }
        _ => 0,
    };
    Ok(data.0.chunks_exact(4).map(grey).collect())
}

/// Judges a grey picture beside the one before it.
fn judge(grey: &[u8], before: &[u8]) -> Guide {
    let mean = mean(grey.iter().map(|v| f64::from(*v)));
    let movement = mean_of_differences(grey, before);
    Guide {
        light: (60.0..=205.0).contains(&mean),
        sharp: laplacian_variance(grey) > 40.0,
        still: movement.is_some_and(|movement| movement < 8.0),
    }
}

#[expect(clippy::cast_precision_loss, reason = "the guide's picture has 12 288 pixels")]
fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = values.len().max(1) as f64;
    values.sum::<f64>() / n
}

fn mean_of_differences(now: &[u8], before: &[u8]) -> Option<f64> {
    (now.len() == before.len() && !now.is_empty())
        .then(|| mean(now.iter().zip(before).map(|(a, b)| f64::from(a.abs_diff(*b)))))
}

/// The variance of the Laplacian: the more edges, the larger.
fn laplacian_variance(grey: &[u8]) -> f64 {
    let width = GUIDE_WIDTH as usize;
    let at = |i: usize| grey.get(i).map_or(0.0, |v| f64::from(*v));
    let inner = (1..GUIDE_HEIGHT as usize - 1).flat_map(|y| (1..width - 1).map(move |x| y * width + x));
    let values: Vec<f64> =
        inner.map(|i| at(i - 1) + at(i + 1) + at(i - width) + at(i + width) - 4.0 * at(i)).collect();
    let middle = mean(values.iter().copied());
    mean(values.iter().map(|v| (v - middle).powi(2)))
}
