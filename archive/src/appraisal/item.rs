//! The items of DA/T 70-2018, each with its number, what it looks at and what it rests on.
//!
//! Names and purposes are words of the locale files, by [`Item::word`].

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// One of the four properties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Property {
    /// 真实性
    Authenticity,
    /// 完整性
    Integrity,
    /// 可用性
    Usability,
    /// 安全性
    Safety,
}

impl Property {
    /// All four, in the order of the standard.
    pub const ALL: [Self; 4] = [Self::Authenticity, Self::Integrity, Self::Usability, Self::Safety];

    /// The word that stands for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Authenticity => "authenticity",
            Self::Integrity => "integrity",
            Self::Usability => "usability",
            Self::Safety => "safety",
        }
    }
}

/// What an item looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// 内容数据
    Content,
    /// 元数据
    Metadata,
    /// 内容数据与元数据
    Both,
    /// 信息包
    Package,
    /// 过程信息
    Process,
    /// 软硬件环境
    Environment,
    /// 载体
    Carrier,
}

impl About {
    /// The word that stands for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Metadata => "metadata",
            Self::Both => "both",
            Self::Package => "package",
            Self::Process => "process",
            Self::Environment => "environment",
            Self::Carrier => "carrier",
        }
    }
}

macro_rules! items {
    ($($(#[$doc:meta])* $variant:ident = $number:literal $word:literal $property:ident $about:ident $veto:literal $basis:literal;)*) => {
        /// An item of the check.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Item {$(
            $(#[$doc])*
            $variant,
        )*}

        impl Item {
            /// Every item, in the order of the standard.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its number: `1-1` … `4-7`.
            #[must_use]
            pub const fn number(self) -> &'static str {
                match self {$(Self::$variant => $number,)*}
            }

            /// The word that stands for it.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self {$(Self::$variant => $word,)*}
            }

            /// The property it belongs to.
            #[must_use]
            pub const fn property(self) -> Property {
                match self {$(Self::$variant => Property::$property,)*}
            }

            /// What it looks at.
            #[must_use]
            pub const fn about(self) -> About {
                match self {$(Self::$variant => About::$about,)*}
            }

            /// Whether it alone decides when it fails (一票否决): fixity, content, mandatory metadata, format, virus.
            #[must_use]
            pub const fn has_veto(self) -> bool {
                match self {$(Self::$variant => $veto,)*}
            }

            /// What it rests on.
            #[must_use]
            pub const fn basis(self) -> &'static str {
                match self {$(Self::$variant => $basis,)*}
            }
        }
    };
}

items! {
    /// 固化信息有效性
    Fixity = "1-1" "fixity" Authenticity Both true "DA/T 70-2018; OCFL 1.1; RFC 8032";
    /// 元数据项数据长度
    Length = "1-2" "length" Authenticity Metadata false "DA/T 70-2018; DA/T 54-2014";
    /// 元数据项类型、格式
    Type = "1-3" "type" Authenticity Metadata false "DA/T 70-2018; DA/T 54-2014; GB 11643-1999";
    /// 设定值域符合度
    ValueSet = "1-4" "value_set" Authenticity Metadata false "DA/T 70-2018; GB/T 3304-1991; PREMIS 3.0";
    /// 数据值合理性
    Plausibility = "1-5" "plausibility" Authenticity Metadata false "DA/T 70-2018; GB 11643-1999";
    /// 特殊字符
    Characters = "1-6" "characters" Authenticity Metadata false "DA/T 70-2018; GB 18030-2022";
    /// 档号规范性
    Identifiers = "1-7" "identifiers" Authenticity Metadata false "DA/T 70-2018; RFC 9562";
    /// 重复性
    Duplicates = "1-8" "duplicates" Authenticity Metadata false "DA/T 70-2018";
    /// 内容数据电子属性一致性: name and size
    NameAndSize = "1-9" "name_and_size" Authenticity Content false "DA/T 70-2018";
    /// 内容数据电子属性一致性: format, dimensions, times
    FormatAndTime = "1-10" "format_and_time" Authenticity Content false "DA/T 70-2018";
    /// 元数据关联内容数据
    Linkage = "1-11" "linkage" Authenticity Both false "DA/T 70-2018";
    /// 说明文件和目录文件规范性
    Descriptions = "1-12" "descriptions" Authenticity Package false "DA/T 70-2018; RFC 8493";
    /// 信息包目录结构规范性
    Structure = "1-13" "structure" Authenticity Package false "DA/T 70-2018; OCFL 1.1; RFC 8493";
    /// 信息包一致性
    Sameness = "1-14" "sameness" Authenticity Package false "DA/T 70-2018; RFC 8493";

    /// 总件数相符性
    Count = "2-1" "count" Integrity Both false "DA/T 70-2018";
    /// 总字节数相符性
    Bytes = "2-2" "bytes" Integrity Content false "DA/T 70-2018";
    /// 元数据项完整性
    Elements = "2-3" "elements" Integrity Metadata false "DA/T 70-2018; DA/T 54-2014";
    /// 必填著录项目完整性
    Mandatory = "2-4" "mandatory" Integrity Metadata true "DA/T 70-2018";
    /// 过程信息完整性
    Process = "2-5" "process" Integrity Process false "DA/T 70-2018; PREMIS 3.0; RFC 9162";
    /// 连续性元数据项
    Continuity = "2-6" "continuity" Integrity Metadata false "DA/T 70-2018; OCFL 1.1";
    /// 内容数据完整性
    Content = "2-7" "content" Integrity Content true "DA/T 70-2018";
    /// 附件数据完整性
    Attachments = "2-8" "attachments" Integrity Content false "DA/T 70-2018";
    /// 归档范围
    Extent = "2-9" "extent" Integrity Both false "DA/T 70-2018";
    /// 信息包元数据完整性
    PackageMetadata = "2-10" "package_metadata" Integrity Package false "DA/T 70-2018; OCFL 1.1";
    /// 信息包内容数据完整性
    PackageContent = "2-11" "package_content" Integrity Package true "DA/T 70-2018; OCFL 1.1";

    /// 元数据可读性
    MetadataReadable = "3-1" "metadata_readable" Usability Metadata false "DA/T 70-2018; RFC 8259";
    /// 目标数据库中元数据可访问性
    Catalogue = "3-2" "catalogue" Usability Metadata false "DA/T 70-2018";
    /// 内容数据格式
    Format = "3-3" "format" Usability Content true "DA/T 70-2018; GB/T 18894-2016; GB/T 33190-2016";
    /// 内容数据可读性
    ContentReadable = "3-4" "content_readable" Usability Content true "DA/T 70-2018";
    /// 备份数据可恢复性
    Restorable = "3-5" "restorable" Usability Both false "DA/T 70-2018";
    /// 软件环境合规性
    Software = "3-6" "software" Usability Environment false "DA/T 70-2018";
    /// 硬件环境合规性
    Hardware = "3-7" "hardware" Usability Environment false "DA/T 70-2018";
    /// 信息包包含的内容数据格式合规性
    PackageFormat = "3-8" "package_format" Usability Package true "DA/T 70-2018";

    /// 系统环境中是否安装杀毒软件
    Scanner = "4-1" "scanner" Safety Environment false "DA/T 70-2018";
    /// 病毒感染检测
    Virus = "4-2" "virus" Safety Both true "DA/T 70-2018";
    /// 载体中多余文件
    Superfluous = "4-3" "superfluous" Safety Carrier false "DA/T 70-2018; OCFL 1.1";
    /// 载体读取速度
    ReadSpeed = "4-4" "read_speed" Safety Carrier false "DA/T 70-2018";
    /// 载体外观
    Appearance = "4-5" "appearance" Safety Carrier false "DA/T 70-2018";
    /// 光盘合格性
    Disc = "4-6" "disc" Safety Carrier false "DA/T 70-2018";
    /// 归档和保存过程安全性
    Control = "4-7" "control" Safety Process false "DA/T 70-2018";
}

impl Item {
    /// The item that a word stands for.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|item| item.word() == word)
    }
}

impl Serialize for Item {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        Self::from_word(&word).ok_or_else(|| D::Error::custom("no item of the check"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forty_items_are_numbered_through_and_stand_under_their_property() {
        let mut expected = Vec::new();
        for (place, (property, count)) in (1..).zip(Property::ALL.into_iter().zip([14, 11, 8, 7])) {
            expected.extend((1..=count).map(|n| (format!("{place}-{n}"), property)));
        }
        let items: Vec<_> =
            Item::ALL.iter().map(|item| (item.number().to_owned(), item.property())).collect();
        assert_eq!(items, expected);
    }

    #[test]
    fn every_item_is_found_by_its_word() {
        for item in Item::ALL {
            assert_eq!(Item::from_word(item.word()), Some(*item));
            let json = serde_json::to_string(item).unwrap();
            assert_eq!(serde_json::from_str::<Item>(&json).unwrap(), *item);
        }
    }
}
