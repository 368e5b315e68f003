//! How many people's faces are in use, beside the number from which the school must file with the authority.

use api::Right;
use api::law::FaceCount;
use archive::db::office::opening;

use crate::{Actor, Office, Result};

/// The rights of which any one lets somebody see the count.
pub const READERS: [Right; 5] =
    [Right::ReadDeliveries, Right::Compare, Right::ManageCampaigns, Right::ReadHealth, Right::ReadDoctor];

/// The count.
///
/// # Errors
///
/// Without one of [`READERS`].
pub fn get(office: &Office, actor: &Actor) -> Result<FaceCount> {
    actor.may_any(&READERS)?;
    of(office)
}

/// The count, for the doctor.
pub(crate) fn of(office: &Office) -> Result<FaceCount> {
    Ok(FaceCount {
        here: office.office.read(opening::people_compared)?,
        elsewhere: office.config.faces_elsewhere,
        attention_at: FaceCount::ATTENTION_AT,
        file_at: FaceCount::FILE_AT,
    })
}
