//! A request's body, read and decompressed under one limit.

use std::io::{ErrorKind, Read};

use axum::body::{Body, HttpBody};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;

use super::{Budget, Held};
use crate::{
    app::App,
    error::{Code, Error},
};

/// Compressed or not, a body may have this many bytes; it takes that much of the budget while it is held.
pub(crate) async fn read(body: Body, limit: usize, budget: &Budget, held: &mut Held) -> Result<Bytes, Error> {
    let mut body = body;
    // Told before anything is waited for.
    if body.size_hint().lower() > limit as u64 {
        return Err(too_large(limit));
    }
    // As much as was announced, at once: growing would copy. What does not come is never touched and takes no memory.
    let mut collected = BytesMut::with_capacity(body.size_hint().lower() as usize);
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|error| Error::new(Code::Invalid, format!("the body broke off: {error}")))?;
        let Ok(data) = frame.into_data() else { continue };
        if collected.len() + data.len() > limit {
            return Err(too_large(limit));
        }
        budget.take(held, data.len())?;
        collected.extend_from_slice(&data);
    }
    Ok(collected.freeze())
}

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    Gzip,
    Deflate,
    Zstd,
}

impl Compression {
    /// From `Content-Encoding`.
    pub(crate) fn from_header(value: Option<&str>) -> Result<Self, Error> {
        match value.map(|value| value.trim().to_ascii_lowercase()).as_deref() {
            None | Some("" | "identity") => Ok(Compression::None),
            Some("gzip" | "x-gzip") => Ok(Compression::Gzip),
            Some("deflate") => Ok(Compression::Deflate),
            Some("zstd") => Ok(Compression::Zstd),
            Some(other) => Err(Error::new(
                Code::UnsupportedType,
                format!("content encoding {other} is not supported; send gzip, deflate, zstd or none"),
            )),
        }
    }
}

/// A body without its compression. Some senders compress twice, in the application and in the exporter or a proxy, and some do
/// not say that they compress: no OTLP message begins as gzip does.
pub(crate) async fn open(
    app: &App,
    compression: Compression,
    body: Bytes,
    mut held: Held,
) -> Result<(Bytes, Held), Error> {
    if compression == Compression::None && !is_gzip(&body) {
        held.shrink_to(body.len());
        return Ok((body, held));
    }
    let turn = app.decoders.clone().acquire_owned().await.map_err(|_| super::stopped())?;
    let (budget, limit) = (app.budget.clone(), app.max_body_bytes);
    let opening = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let body = unpack(compression, body, limit, &budget, &mut held)?;
        held.shrink_to(body.len());
        Ok((body, held))
    });
    opening.await.map_err(|_| super::stopped())?
}

fn unpack(
    compression: Compression,
    body: Bytes,
    limit: usize,
    budget: &Budget,
    held: &mut Held,
) -> Result<Bytes, Error> {
    let first = if compression == Compression::None { Compression::Gzip } else { compression };
    let body = decompress(first, body, limit, budget, held)?;
    if !is_gzip(&body) {
        return Ok(body);
    }
    held.shrink_to(body.len());
    let body = decompress(Compression::Gzip, body, limit, budget, held)?;
    if is_gzip(&body) {
        return Err(Error::new(Code::Invalid, "the body is compressed more than twice; once is enough"));
    }
    Ok(body)
}

fn is_gzip(body: &[u8]) -> bool {
    body.starts_with(&[0x1f, 0x8b])
}

/// Decompresses; stops at the limit, however much more a bomb would give.
fn decompress(
    compression: Compression,
    body: Bytes,
    limit: usize,
    budget: &Budget,
    held: &mut Held,
) -> Result<Bytes, Error> {
    match compression {
        Compression::None => Ok(body),
        _ if body.is_empty() => Err(Error::new(
            Code::Invalid,
            "the body is empty, although its encoding says that it is compressed; an empty request needs no encoding",
        )),
        Compression::Gzip if !is_gzip(&body) => Err(Error::new(
            Code::Invalid,
            "the body does not decompress: it is not gzip, although its encoding says so; compress it or leave the header out",
        )),
        Compression::Gzip => inflate(flate2::read::MultiGzDecoder::new(&body[..]), limit, budget, held),
        // "deflate" means zlib (RFC 9110); some clients send the bare stream.
        Compression::Deflate => match body.first() {
            Some(first) if first & 0x0f == 8 => {
                inflate(flate2::read::ZlibDecoder::new(&body[..]), limit, budget, held)
            }
            _ => inflate(flate2::read::DeflateDecoder::new(&body[..]), limit, budget, held),
        },
        Compression::Zstd => {
            let decoder = zstd::stream::read::Decoder::new(&body[..]).map_err(|error| broken(&error))?;
            inflate(decoder, limit, budget, held)
        }
    }
}

fn inflate(mut reader: impl Read, limit: usize, budget: &Budget, held: &mut Held) -> Result<Bytes, Error> {
    const CHUNK: usize = 64 << 10;
    let mut inflated = Vec::new();
    loop {
        let before = inflated.len();
        let allowed = CHUNK.min(limit + 1 - before);
        let outcome = reader.by_ref().take(allowed as u64).read_to_end(&mut inflated);
        if inflated.len() > limit {
            return Err(too_large(limit));
        }
        match outcome {
            // What came of a stream that is cut off is read like any body that is; bytes behind its end do not matter.
            Err(error) if inflated.is_empty() || error.kind() != ErrorKind::UnexpectedEof => {
                return Err(broken(&error));
            }
            Ok(_) if inflated.len() > before => {}
            _ => return Ok(inflated.into()),
        }
        budget.take(held, inflated.len() - before)?;
    }
}

fn broken(error: &std::io::Error) -> Error {
    let why = match error.kind() {
        ErrorKind::UnexpectedEof => "it is cut off".to_owned(),
        _ => error.to_string(),
    };
    Error::new(Code::Invalid, format!("the body does not decompress: {why}"))
}

fn too_large(limit: usize) -> Error {
    Error::new(
        Code::TooLarge,
        format!("the body is larger than {limit} bytes; send smaller batches, or raise --max-body-bytes"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn check(compression: Compression, body: Vec<u8>, limit: usize) -> Result<Bytes, Error> {
        decompress(compression, body.into(), limit, &Budget::new(1 << 20), &mut Held::default())
    }

    #[test]
    fn every_compression_comes_back_and_bombs_stop_at_the_limit() {
        let raw = vec![7; 100_000];
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&raw).unwrap();
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        zlib.write_all(&raw).unwrap();
        let mut bare = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        bare.write_all(&raw).unwrap();
        for (compression, body) in [
            (Compression::None, raw.clone()),
            (Compression::Gzip, gzip.finish().unwrap()),
            (Compression::Deflate, zlib.finish().unwrap()),
            (Compression::Deflate, bare.finish().unwrap()),
            (Compression::Zstd, zstd::encode_all(&raw[..], 1).unwrap()),
        ] {
            assert_eq!(check(compression, body.clone(), 100_000).unwrap(), raw);
            if compression != Compression::None {
                assert_eq!(check(compression, body.clone(), 99_999).unwrap_err().code, Code::TooLarge);
                let cut = check(compression, body[..body.len() / 2].to_vec(), 100_000);
                assert!(
                    cut.as_ref().is_ok_and(|got| raw.starts_with(got))
                        || cut.unwrap_err().code == Code::Invalid
                );
                assert_eq!(check(compression, Vec::new(), 100_000).unwrap_err().code, Code::Invalid);
            }
        }
    }

    #[test]
    fn what_came_of_a_stream_is_kept() {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
        encoder.write_all(&[7; 1000]).unwrap();
        let mut body = encoder.finish().unwrap();
        let cut = check(Compression::Gzip, body[..500].to_vec(), 1000).unwrap();
        assert!(cut.len() > 400 && cut.iter().all(|byte| *byte == 7));
        body.extend(b"\r\n");
        assert_eq!(check(Compression::Gzip, body, 1000).unwrap().len(), 1000);
        let refused = check(Compression::Gzip, vec![0x1f, 0x8b, 8], 1000).unwrap_err();
        assert!(refused.message.contains("cut off"), "{refused:?}");
    }

    #[test]
    fn gzip_is_opened_twice_and_known_by_its_first_bytes() {
        let gzip = |bytes: &[u8]| {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        };
        let unpack = |compression, body: Vec<u8>| {
            unpack(compression, body.into(), 1 << 20, &Budget::new(1 << 20), &mut Held::default())
        };
        let (once, twice) = (gzip(b"raw"), gzip(&gzip(b"raw")));
        for (compression, body) in [
            (Compression::None, &once),
            (Compression::None, &twice),
            (Compression::Gzip, &once),
            (Compression::Gzip, &twice),
        ] {
            assert_eq!(unpack(compression, body.clone()).unwrap(), "raw");
        }
        assert_eq!(unpack(Compression::Zstd, zstd::encode_all(&once[..], 1).unwrap()).unwrap(), "raw");
        let refused = unpack(Compression::Gzip, gzip(&twice)).unwrap_err();
        assert!(refused.message.contains("more than twice"), "{refused:?}");
        let refused = unpack(Compression::Gzip, b"{}".to_vec()).unwrap_err();
        assert!(refused.message.contains("not gzip"), "{refused:?}");
    }

    #[test]
    fn the_budget_counts_what_is_inflated() {
        let body = zstd::encode_all(&vec![0; 4 << 20][..], 1).unwrap();
        assert_eq!(check(Compression::Zstd, body, 64 << 20).unwrap_err().code, Code::Busy);
    }
}
