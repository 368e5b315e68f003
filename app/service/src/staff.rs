//! Who stands behind an account. Records keep accounts, which last; people read names.

use std::collections::BTreeMap;

use archive::db::{Connection, office::user};

use crate::{Office, Result};

/// The names of everybody who has or had an account.
pub(crate) struct Staff(BTreeMap<String, String>);

impl Staff {
    /// Reads them from the office.
    pub(crate) fn of(office: &Office) -> Result<Self> {
        office.office.read(Self::read)
    }

    /// Reads them in a transaction that is open already.
    pub(crate) fn read(conn: &Connection) -> Result<Self> {
        Ok(Self(user::all(conn)?.into_iter().map(|user| (user.account, user.name)).collect()))
    }

    /// The name of an account's owner; the word itself when it is nobody's account: the console, the appliance, a
    /// vendor.
    pub(crate) fn name(&self, account: &str) -> String {
        self.0.get(account).map_or(account, String::as_str).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use api::Role;
    use api::account::NewUser;

    use super::*;
    use crate::{Actor, Config, account, authority};

    #[test]
    fn people_are_called_by_their_names_and_the_rest_by_its_own_word() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        Office::create(&data, "Test School", &authority::Names::local()).unwrap();
        let office = Office::open(Config::new(data)).unwrap();
        let new = NewUser {
            account: "registrar".to_owned(),
            name: "李教务".to_owned(),
            roles: vec![Role::Registrar],
            password: "green-lantern-harbour".to_owned(),
        };
        account::create(&office, &Actor::console(), &new).unwrap();
        let staff = Staff::of(&office).unwrap();
        assert_eq!(
            ["registrar", "console", "appliance"].map(|account| staff.name(account)),
            ["李教务", "console", "appliance"]
        );
    }
}
