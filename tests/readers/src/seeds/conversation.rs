//! A deletion from the invitation to the certificate, as envelopes, messages, journals and documents.

use handshake::state::Phase;
use ledger::json::canonical;

use super::{Seeds, named, world::World};

/// A deletion that has come to its end.
fn ended() -> World {
    let mut world = World::new();
    world.play_until(Phase::Cosigned);
    world
}

pub(crate) fn messages() -> Seeds {
    let world = ended();
    let mut seeds = vec![named("objects.json", world.list.to_bytes().unwrap())];
    for (n, envelope) in world.school.envelopes().iter().enumerate() {
        seeds.push((format!("envelope-{n:02}.json"), envelope.to_bytes().unwrap()));
        seeds.push((format!("message-{n:02}.json"), canonical(&envelope.claimed().unwrap()).unwrap()));
    }
    seeds
}

pub(crate) fn journals() -> Seeds {
    [Phase::Draft, Phase::Challenged, Phase::Authorising, Phase::Cosigned]
        .into_iter()
        .flat_map(|phase| {
            let mut world = World::new();
            world.play_until(phase);
            [
                (format!("school-{phase:?}.json"), world.school.to_bytes().unwrap()),
                (format!("vendor-{phase:?}.json"), world.vendor.to_bytes().unwrap()),
            ]
        })
        .collect()
}

pub(crate) fn certificates() -> Seeds {
    let world = ended();
    let bytes = |witnesses: &[u8]| world.certificate(witnesses).to_bytes().unwrap();
    vec![named("certified.json", bytes(&[11, 12])), named("partial.json", bytes(&[11]))]
}
