//! The columns that rosters and certificate registers have, and the many names they go by.

use serde::{Deserialize, Serialize};

use crate::person::fold;

macro_rules! columns {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $chinese:literal, [$($other:literal),*];)*) => {
        /// A column of a roster or a certificate register.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Column {
            $($(#[$doc])* $name,)*
        }

        impl Column {
            /// Every column there is.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name data tables use, such as `KSH`.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The name people use, such as 考生号.
            #[must_use]
            pub const fn chinese(self) -> &'static str {
                match self { $(Self::$name => $chinese,)* }
            }

            const fn other_names(self) -> &'static [&'static str] {
                match self { $(Self::$name => &[$($other),*],)* }
            }
        }
    };
}

columns! {
    /// 考生号.
    CandidateNumber = "KSH", "考生号", ["高考考生号", "考号", "高考报名号"];
    /// 学号.
    StudentNumber = "XH", "学号", ["学籍号", "学生学号", "学生编号"];
    /// 姓名.
    Name = "XM", "姓名", ["学生姓名", "名字"];
    /// 曾用名.
    FormerNames = "CYM", "曾用名", ["曾用姓名", "原名"];
    /// 性别.
    Sex = "XB", "性别", ["性别码", "XBM"];
    /// 出生日期.
    BirthDate = "CSRQ", "出生日期", ["出生年月", "出生年月日", "生日"];
    /// 证件号.
    IdNumber = "SFZH", "身份证号", ["ZJHM", "ZJH", "SFZHM", "SFZJH", "证件号码", "证件号", "身份证号码", "身份证", "身份证件号", "身份证件号码", "公民身份号码"];
    /// 证件类型.
    IdType = "ZJLX", "证件类型", ["SFZJLX", "证件类别", "身份证件类型"];
    /// 民族.
    Ethnicity = "MZ", "民族", ["民族码", "MZM"];
    /// 学院.
    College = "FY", "学院", ["分院", "院系", "二级学院", "所在学院", "学院名称", "系部", "XY", "YXSMC"];
    /// 专业名称.
    Major = "ZYMC", "专业名称", ["专业", "所学专业", "ZY"];
    /// 专业代码.
    MajorCode = "ZYDM", "专业代码", ["专业编码", "专业代号"];
    /// 层次.
    Level = "CC", "层次", ["培养层次", "学历层次", "层次名称", "CCDM"];
    /// 学制.
    Years = "XZ", "学制", ["学制年限", "修业年限"];
    /// 班级.
    Class = "BH", "班级", ["班号", "班级名称", "行政班", "行政班级", "所在班级", "BJ", "BJMC"];
    /// 入学日期.
    EntryDate = "RXRQ", "入学日期", ["入学年月", "入学时间", "RXNY"];
    /// 预计毕业日期.
    ExpectedGraduation = "YJBYRQ", "预计毕业日期", ["预计毕业时间", "预计毕业年月"];
    /// 备注.
    Note = "BZ", "备注", ["说明"];
    /// 证书编号.
    CertificateNumber = "ZSBH", "证书编号", ["毕业证书编号", "毕业证编号", "毕业证书号", "学历证书编号", "证书号", "结业证书编号", "BYZSH"];
    /// 毕业日期.
    GraduationDate = "BYRQ", "毕业日期", ["毕业时间", "毕业年月", "毕结业日期", "毕(结)业日期", "BJYRQ"];
    /// 发证日期.
    IssueDate = "FZRQ", "发证日期", ["发证时间", "签发日期", "颁证日期"];
    /// 校长姓名.
    President = "XZXM", "校长", ["校长姓名", "校(院)长", "校(院)长姓名", "院长", "院长姓名"];
    /// 学习形式.
    StudyForm = "XXXS", "学习形式", ["学习方式", "办学形式"];
    /// 毕结业.
    Outcome = "BJYJL", "毕结业", ["毕结业结论", "毕(结)业", "毕业结论", "结论", "毕结业类型", "BJY"];
}

impl Column {
    /// Reads the heading of a column. Full-width letters, spaces, stars and remarks in brackets do no harm.
    #[must_use]
    pub fn from_heading(heading: &str) -> Option<Self> {
        let plain = plain(heading);
        let named = |name: &str| fold(name).as_str() == plain;
        Self::ALL
            .iter()
            .copied()
            .find(|column| {
                named(column.code())
                    || named(column.chinese())
                    || column.other_names().iter().any(|name| named(name))
            })
            .or_else(|| without_remark(&plain).and_then(Self::from_heading))
    }
}

/// The heading folded, without the marks that say "required".
fn plain(heading: &str) -> String {
    fold(heading).as_str().trim_matches(|c: char| matches!(c, '*' | ':' | '"' | '★')).to_owned()
}

/// A heading without the bracket at its end: 出生日期(yyyymmdd) is 出生日期.
fn without_remark(plain: &str) -> Option<&str> {
    let open = plain.rfind(['(', '[', '【'])?;
    plain.ends_with([')', ']', '】']).then(|| plain.get(..open)).flatten().filter(|rest| !rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_read_in_chinese_and_as_codes() {
        for (heading, column) in [
            ("考生号", Column::CandidateNumber),
            ("ksh", Column::CandidateNumber),
            ("ＫＳＨ", Column::CandidateNumber),
            ("* 姓 名", Column::Name),
            ("學號", Column::StudentNumber),
            ("出生日期（yyyyMMdd）", Column::BirthDate),
            ("毕(结)业日期", Column::GraduationDate),
            ("校（院）长姓名", Column::President),
            ("bz", Column::Note),
        ] {
            assert_eq!(Column::from_heading(heading), Some(column), "{heading}");
        }
        assert_eq!(Column::from_heading("血型"), None);
        assert_eq!(Column::from_heading(""), None);
    }

    #[test]
    fn no_name_means_two_columns() {
        let mut names: Vec<String> = Vec::new();
        for column in Column::ALL {
            for name in [column.code(), column.chinese()].iter().chain(column.other_names()) {
                let name = fold(name).as_str().to_owned();
                assert!(!names.contains(&name), "{name} stands twice");
                names.push(name);
            }
        }
    }
}
