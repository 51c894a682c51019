//! Contents of 1 to 20 MB: a document pasted into the prompt, or a picture in it.

use super::writer::Writer;

const SMALLEST: f64 = 1e6;
const TIMES: f64 = 20.0;

/// A text that can stand in JSON as it is. The small are as common as the large on a logarithmic scale. The call that reads it
/// has it twice, in its JSON and in its message, so it is half of what the span takes.
pub(super) fn outlier(writer: &mut Writer) -> String {
    let bytes = (SMALLEST * TIMES.powf(writer.random.unit()) / 2.0) as usize;
    if writer.random.below(2) == 0 { document(writer, bytes) } else { picture(writer, bytes) }
}

fn document(writer: &mut Writer, bytes: usize) -> String {
    let mut document = String::with_capacity(bytes + 10_000);
    while document.len() < bytes {
        document.push_str(&writer.text(500));
        document.push(' ');
    }
    document
}

/// Base64 of what does not compress.
fn picture(writer: &mut Writer, bytes: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut picture = String::with_capacity(bytes + 32);
    picture.push_str("data:image/png;base64,");
    while picture.len() < bytes {
        let mut bits = writer.random.next();
        for _ in 0..10 {
            picture.push(char::from(ALPHABET[(bits % 64) as usize]));
            bits /= 64;
        }
    }
    picture
}
