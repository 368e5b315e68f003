//! What a list shows of people: of all of them in one statement, because lists are read again and again.

use std::collections::HashMap;

use ids::{PersonId, PhotoId};
use rusqlite::{Connection, named_params};

use crate::{db::Json, dossier::PhotoKind};

/// What a list shows of a person.
#[derive(Debug, Clone)]
pub struct Brief {
    /// 姓名
    pub name: String,
    /// 学号
    pub student_number: Option<String>,
    /// 学院
    pub college: Option<String>,
    /// 专业
    pub major: Option<String>,
    /// 班级
    pub class: Option<String>,
    /// 入学年份
    pub entry_year: Option<u16>,
    /// The photos, in the order in which they were kept.
    pub photos: Vec<BriefPhoto>,
}

/// What a list shows of a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BriefPhoto {
    /// The photo.
    pub id: PhotoId,
    /// What it is.
    pub kind: PhotoKind,
    /// Whether nothing has superseded it.
    pub is_current: bool,
}

/// What a list shows of these people. Whoever has no dossier is not in it.
pub fn of(conn: &Connection, people: &[PersonId]) -> rusqlite::Result<HashMap<PersonId, Brief>> {
    let mut statement = conn.prepare_cached(
        "SELECT person.id, person.name, person.student_number, person.college, person.major, person.class,
                person.entry_year, photo.id, photo.kind, photo.superseded_by IS NULL
         FROM person LEFT JOIN photo ON photo.person = person.id
         WHERE person.id IN (SELECT value FROM json_each(:people))
         ORDER BY photo.position",
    )?;
    let mut rows = statement.query(named_params! {":people": Json(people)})?;
    let mut briefs: HashMap<PersonId, Brief> = HashMap::with_capacity(people.len());
    while let Some(row) = rows.next()? {
        let person = row.get(0)?;
        let photo = match row.get::<_, Option<PhotoId>>(7)? {
            Some(id) => Some(BriefPhoto { id, kind: row.get(8)?, is_current: row.get(9)? }),
            None => None,
        };
        if let Some(brief) = briefs.get_mut(&person) {
            brief.photos.extend(photo);
            continue;
        }
        let brief = Brief {
            name: row.get(1)?,
            student_number: row.get(2)?,
            college: row.get(3)?,
            major: row.get(4)?,
            class: row.get(5)?,
            entry_year: row.get(6)?,
            photos: photo.into_iter().collect(),
        };
        briefs.insert(person, brief);
    }
    Ok(briefs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::catalog::{MIGRATIONS, person};
    use crate::person::PersonRecord;

    #[test]
    fn who_has_no_dossier_is_not_in_it_and_who_is_asked_for_twice_is_told_once() {
        let mut conn = Connection::open_in_memory().unwrap();
        MIGRATIONS.to_latest(&mut conn).unwrap();
        let [known, unknown] = [PersonId::new(), PersonId::new()];
        let facts = PersonRecord {
            name: "张三".to_owned(),
            class: Some("软件2301班".to_owned()),
            ..PersonRecord::default()
        };
        let tx = conn.transaction().unwrap();
        person::upsert(&tx, known, &facts).unwrap();
        tx.commit().unwrap();
        let briefs = of(&conn, &[known, unknown, known]).unwrap();
        assert_eq!(briefs.len(), 1);
        let brief = &briefs[&known];
        assert_eq!((brief.name.as_str(), brief.class.as_deref()), ("张三", Some("软件2301班")));
        assert!(brief.photos.is_empty());
        assert!(of(&conn, &[]).unwrap().is_empty());
    }
}
