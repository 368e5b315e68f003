//! What the two sides of a deletion send each other, what they keep of it, and the certificate in the end.

use std::sync::{Arc, LazyLock};

use handshake::{
    bytes::BootId,
    certificate::{CERTIFICATE_TYPE, Trust, verify_certificate},
    envelope::{Envelope, pae},
    keys::{Role, Signer as _},
    message::Message,
    objects::ObjectList,
    policy::Policy,
    session::Session,
    side::Side,
    state::Phase,
    vendor::Vendor,
};
use ledger::json::{canonical, from_canonical};
use serde_json::Value;

use crate::{
    Verdict,
    seeds::world::{self, World},
};

/// The conversation after each of its messages.
static STAGES: LazyLock<Vec<Session>> = LazyLock::new(|| {
    let mut world = World::new();
    world.play_until(Phase::Cosigned);
    let policy = Arc::new(world.state().policy().clone());
    let envelopes = world.school.envelopes();
    (0..=envelopes.len())
        .map(|n| {
            Session::replay(world.state().session(), Arc::clone(&policy), envelopes[..n].to_vec()).unwrap()
        })
        .collect()
});

/// An envelope, a message that is then signed by everybody who must, or a list of objects.
pub(super) fn message(bytes: &[u8]) -> Verdict {
    if let Ok(list) = ObjectList::from_bytes(bytes) {
        assert_eq!(list.to_bytes().unwrap(), bytes, "a list has one encoding");
        assert!(list.count() > 0 && list.root().is_ok());
        let _bytes = list.bytes();
        return Verdict::Taken;
    }
    let envelope = match from_canonical::<Message>(bytes) {
        Ok(message) => {
            assert_eq!(canonical(&message).unwrap(), bytes, "a message has one encoding");
            let mut envelope = Envelope::unsigned(&message).unwrap();
            message.signers().iter().for_each(|role| envelope.sign(&world::key(*role)).unwrap());
            envelope
        }
        Err(_) => match Envelope::from_bytes(bytes) {
            Ok(envelope) => {
                assert_eq!(envelope.to_bytes().unwrap(), bytes, "an envelope has one encoding");
                envelope
            }
            Err(error) => return Verdict::refused("envelope", error),
        },
    };
    hear(&envelope)
}

/// Every stage of the conversation hears the envelope; at most one stage may take it as new.
fn hear(envelope: &Envelope) -> Verdict {
    let seq = match envelope.claimed() {
        Ok(message) => message.seq,
        Err(error) => return Verdict::refused("message", error),
    };
    let mut refusal = None;
    for stage in &*STAGES {
        let mut session = stage.clone();
        match session.accept(envelope.clone()) {
            Ok(_) => assert!(session.state().next_seq() > seq, "a message from the future is taken"),
            Err(error) => {
                assert_eq!(session.envelopes().len(), stage.envelopes().len(), "a refusal changes nothing");
                assert_eq!(session.state().phase(), stage.state().phase());
                refusal = Some(error);
            }
        }
    }
    match refusal {
        Some(refusal) => Verdict::refused("refusal", refusal),
        None => Verdict::Taken,
    }
}

/// What the vendor's or the school's side keeps between two starts.
pub(super) fn journal(bytes: &[u8]) -> Verdict {
    let boot = BootId::from_bytes([9; 16]);
    let school = Side::load(bytes, handshake::keys::Party::School, boot);
    if let Ok(side) = &school {
        let written = side.to_bytes().unwrap();
        let again = Side::load(&written, handshake::keys::Party::School, boot).unwrap();
        assert_eq!(again.to_bytes().unwrap(), written, "a journal read again after being written is another");
    }
    match Vendor::load(bytes, boot) {
        Ok(vendor) => {
            let written = vendor.to_bytes().unwrap();
            assert_eq!(Vendor::load(&written, boot).unwrap().to_bytes().unwrap(), written);
            let _turn = vendor.turn();
            Verdict::Taken
        }
        Err(_) if school.is_ok() => Verdict::Taken,
        Err(error) => Verdict::refused("journal", error),
    }
}

/// As it stands; and once more with the school's seal made anew, so that what the seal keeps out is reached too.
pub(super) fn certificate(bytes: &[u8]) -> Verdict {
    static KNOWN: LazyLock<Vec<Vec<u8>>> =
        LazyLock::new(|| crate::seeds::certificates().into_iter().map(|(_, bytes)| bytes).collect());
    static POLICY: LazyLock<Policy> = LazyLock::new(|| Policy::new(world::terms()).unwrap());
    let verdict = match verify_certificate(bytes, Trust::Policy(&POLICY)) {
        Ok(_) => {
            assert!(KNOWN.iter().any(|known| known == bytes), "a certificate that nobody made is believed");
            Verdict::Taken
        }
        Err(fault) => Verdict::refused("fault", fault),
    };
    if let Some((sealed, policy)) = resealed(bytes) {
        let _judged = verify_certificate(&sealed, Trust::Policy(&policy));
    }
    verdict
}

fn resealed(bytes: &[u8]) -> Option<(Vec<u8>, Policy)> {
    let mut value: Value = serde_json::from_slice(bytes).ok()?;
    let policy: Policy = serde_json::from_value(value.get("policy")?.clone()).ok()?;
    let object = value.as_object_mut()?;
    let mut seal = object.remove("seal")?;
    let sealed = pae(CERTIFICATE_TYPE, &canonical(&*object).ok()?);
    let signature = world::key(Role::School).sign(&sealed).ok()?;
    seal.as_object_mut()?.insert("sig".to_owned(), Value::String(ledger::to_base64(&signature)));
    object.insert("seal".to_owned(), seal);
    Some((canonical(&*object).ok()?, policy))
}
