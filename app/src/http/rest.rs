//! What is left of a body whose request has been refused.
//!
//! A client that is still sending reads no answer. Were its connection closed under it, it would see that break and not why
//! it was refused, which is that the disk is full more often than not.

use std::time::Duration;

use axum::body::BodyDataStream;
use tokio_stream::StreamExt as _;

/// How long a client may go on sending what nobody wants.
const LONGEST: Duration = Duration::from_secs(60);

/// Lets the client send to its end, beside the answer.
pub(crate) fn let_come(mut chunks: BodyDataStream) {
    tokio::spawn(async move {
        let all = async { while let Some(Ok(_)) = chunks.next().await {} };
        // Whoever takes longer has had the answer for a minute.
        let _is_over = tokio::time::timeout(LONGEST, all).await;
    });
}
