//! The font all documents are set in: it must know Chinese, rare characters included.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fs_err as fs;
use krilla::text::Font;

/// Where Debian's fonts-noto-cjk lies, and the number of its simplified Chinese face.
const NOTO: (&str, u32) = ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 2);

/// Why there is no font.
#[derive(Debug, thiserror::Error)]
pub enum FontError {
    /// The file can't be read.
    #[error("the font {} can't be read; please install fonts-noto-cjk or name another font", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is no font.
    #[error("{} is not a font that can be embedded", path.display())]
    NotAFont {
        /// The file.
        path: PathBuf,
    },
}

/// The font of all documents.
#[derive(Clone)]
pub struct Fonts {
    data: Arc<Vec<u8>>,
    index: u32,
    font: Font,
}

impl std::fmt::Debug for Fonts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fonts").field("bytes", &self.data.len()).finish_non_exhaustive()
    }
}

impl Fonts {
    /// Opens Debian's Noto Sans CJK.
    ///
    /// # Errors
    ///
    /// When it is not installed.
    pub fn installed() -> Result<Self, FontError> {
        Self::open(Path::new(NOTO.0), NOTO.1)
    }

    /// Opens face number `index` of a font file.
    ///
    /// # Errors
    ///
    /// When the file can't be read or holds no such face.
    pub fn open(path: &Path, index: u32) -> Result<Self, FontError> {
        let bytes = fs::read(path).map_err(|source| FontError::Missing { path: path.to_owned(), source })?;
        let data = Arc::new(bytes);
        let font = Font::new(krilla::Data::from(data.as_ref().clone()), index);
        let font = font.ok_or_else(|| FontError::NotAFont { path: path.to_owned() })?;
        ttf_parser::Face::parse(&data, index).map_err(|_| FontError::NotAFont { path: path.to_owned() })?;
        Ok(Self { data, index, font })
    }

    /// The font as the PDF embeds it.
    pub(crate) fn font(&self) -> Font {
        self.font.clone()
    }

    /// Widths of characters.
    pub(crate) fn ruler(&self) -> Ruler<'_> {
        Ruler { face: ttf_parser::Face::parse(&self.data, self.index).ok() }
    }
}

/// Measures text.
pub(crate) struct Ruler<'a> {
    face: Option<ttf_parser::Face<'a>>,
}

impl Ruler<'_> {
    /// The width of `text` at `size`, in the unit of `size`.
    pub(crate) fn width(&self, text: &str, size: f32) -> f32 {
        text.chars().map(|character| self.advance(character)).sum::<f32>() * size
    }

    /// The first character the font can't draw.
    pub(crate) fn missing(&self, text: &str) -> Option<char> {
        let face = self.face.as_ref()?;
        text.chars().find(|character| face.glyph_index(*character).is_none())
    }

    fn advance(&self, character: char) -> f32 {
        let advance = self.face.as_ref().and_then(|face| {
            let units = f32::from(face.units_per_em());
            Some(f32::from(face.glyph_hor_advance(face.glyph_index(character)?)?) / units)
        });
        advance.unwrap_or(1.0)
    }
}
