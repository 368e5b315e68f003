//! Who works at the made-up school, each signed in at a browser of their own.

use anyhow::{Context as _, Result};
use api::Role;
use api::account::{NewUser, User};
use rand::seq::IndexedRandom as _;

use crate::client::Client;
use crate::server::Server;

/// The account that `init` makes.
pub(crate) const SECURITY: &str = "security";

/// The accounts the story needs: account, name, office.
const STAFF: [(&str, &str, Role); 9] = [
    ("registrar", "李教务", Role::Registrar),
    ("admissions", "赵招生", Role::Admissions),
    ("reviewer", "钱复核", Role::Admissions),
    ("it", "和信息", Role::It),
    ("supervisor", "普监督", Role::Supervisor),
    ("leader", "段校长", Role::Leader),
    ("auditor", "杨审计", Role::Auditor),
    ("system", "木系统", Role::SystemAdmin),
    ("audit", "刀审管", Role::AuditAdmin),
];

/// The passwords of this demo, drawn anew each time.
#[derive(Debug)]
pub(crate) struct Passwords(Vec<(&'static str, String, String)>);

impl Passwords {
    /// Draws one for every account.
    pub(crate) fn draw() -> Result<Self> {
        let mut all = vec![(SECURITY, draw(), office(Role::SecurityAdmin)?)];
        for (account, _, role) in STAFF {
            all.push((account, draw(), office(role)?));
        }
        Ok(Self(all))
    }

    /// The password of an account.
    pub(crate) fn of(&self, account: &str) -> &str {
        self.0.iter().find(|(name, _, _)| *name == account).map_or("", |(_, password, _)| password)
    }

    /// Account, password and office of everybody.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.0.iter().map(|(account, password, office)| (*account, password.as_str(), office.as_str()))
    }
}

/// Four groups of four characters that can't be mistaken for each other.
fn draw() -> String {
    const LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";
    let mut rng = rand::rng();
    let mut group = || -> String {
        (0..4).filter_map(|_| LETTERS.choose(&mut rng)).map(|letter| char::from(*letter)).collect()
    };
    [group(), group(), group(), group()].join("-")
}

/// The word for an office: `registrar`, `security_admin`, …
///
/// # Errors
///
/// Never: every office has a word.
pub fn office(role: Role) -> Result<String> {
    let word = serde_json::to_value(role)?;
    Ok(word.as_str().context("an office has no word")?.to_owned())
}

/// Everybody at work.
#[derive(Debug)]
pub(crate) struct People {
    pub(crate) registrar: Client,
    pub(crate) admissions: Client,
    pub(crate) it: Client,
    pub(crate) supervisor: Client,
    pub(crate) auditor: Client,
    passwords: Vec<(String, String)>,
}

impl People {
    /// The security administrator makes the accounts; then everybody signs in.
    pub(crate) fn arrive(server: &Server, passwords: &Passwords) -> Result<Self> {
        let ca = server.authority()?;
        let security = Client::sign_in(&server.address(), &ca, SECURITY, passwords.of(SECURITY))?;
        for (account, name, role) in STAFF {
            let new = NewUser {
                account: account.to_owned(),
                name: name.to_owned(),
                roles: vec![role],
                password: passwords.of(account).to_owned(),
            };
            let _: User = security.post("/users", &new)?;
        }
        let kept =
            passwords.all().map(|(account, password, _)| (account.to_owned(), password.to_owned())).collect();
        Self::sign_in(server, kept)
    }

    /// Everybody signs in anew, as after a restart.
    pub(crate) fn again(&self, server: &Server) -> Result<Self> {
        Self::sign_in(server, self.passwords.clone())
    }

    /// The password of an account, which opens its signing key.
    pub(crate) fn password(&self, account: &str) -> &str {
        self.passwords.iter().find(|(name, _)| name == account).map_or("", |(_, password)| password)
    }

    fn sign_in(server: &Server, passwords: Vec<(String, String)>) -> Result<Self> {
        let ca = server.authority()?;
        let enter = |account: &str| {
            let password =
                passwords.iter().find(|(name, _)| name == account).map_or("", |(_, password)| password);
            let client = Client::sign_in(&server.address(), &ca, account, password)?;
            client.purpose("演示：核对主要流程")?;
            anyhow::Ok(client)
        };
        Ok(Self {
            registrar: enter("registrar")?,
            admissions: enter("admissions")?,
            it: enter("it")?,
            supervisor: enter("supervisor")?,
            auditor: enter("auditor")?,
            passwords,
        })
    }
}
