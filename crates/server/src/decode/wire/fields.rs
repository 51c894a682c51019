//! The fields of a protobuf message, one after another and without a list of them: a body of nothing but empty messages must
//! not cost many times its size.

use super::Broken;

/// A field's content by its wire type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wire<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
}

/// Field numbers with their contents. Ends at the first mistake, which is its last item.
#[derive(Debug, Clone)]
pub(super) struct Fields<'a> {
    rest: &'a [u8],
    part: Option<(u32, &'a [u8])>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(message: &'a [u8]) -> Self {
        Fields { rest: message, part: None }
    }

    /// After the last item: the field that says it is longer than the message, as far as it came.
    pub(super) fn part(&self) -> Option<(u32, &'a [u8])> {
        self.part
    }

    fn field(&mut self) -> Result<Option<(u32, Wire<'a>)>, Broken> {
        let (number, wire_type) = self.key()?;
        let wire = match wire_type {
            0 => Wire::Varint(self.varint()?),
            1 => Wire::Fixed64(u64::from_le_bytes(self.fixed()?)),
            2 => {
                let length = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
                let Some((content, rest)) = self.rest.split_at_checked(length) else {
                    self.part = Some((number, self.rest));
                    return Err(Broken::Cut);
                };
                self.rest = rest;
                Wire::Bytes(content)
            }
            5 => Wire::Fixed32(u32::from_le_bytes(self.fixed()?)),
            3 => {
                self.group()?;
                return Ok(None);
            }
            _ => return Err(Broken::Malformed),
        };
        Ok(Some((number, wire)))
    }

    fn key(&mut self) -> Result<(u32, u8), Broken> {
        let key = u32::try_from(self.varint()?).map_err(|_| Broken::Malformed)?;
        if key >> 3 == 0 { Err(Broken::Malformed) } else { Ok((key >> 3, (key & 7) as u8)) }
    }

    fn varint(&mut self) -> Result<u64, Broken> {
        let mut number = 0;
        for (at, byte) in self.rest.iter().take(10).enumerate() {
            number |= u64::from(byte & 0x7f) << (at * 7);
            if byte & 0x80 == 0 {
                self.rest = &self.rest[at + 1..];
                return Ok(number);
            }
        }
        Err(if self.rest.len() < 10 { Broken::Cut } else { Broken::Malformed })
    }

    fn fixed<const BYTES: usize>(&mut self) -> Result<[u8; BYTES], Broken> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(Broken::Cut)?;
        self.rest = rest;
        Ok(*bytes)
    }

    /// Passes over a group, protobuf's older way of nesting; groups within it are counted, not descended into.
    fn group(&mut self) -> Result<(), Broken> {
        let mut open = 1_u64;
        while open > 0 {
            let (_, wire_type) = self.key()?;
            match wire_type {
                0 => drop(self.varint()?),
                1 => drop(self.fixed::<8>()?),
                2 => {
                    let length = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
                    self.rest = self.rest.get(length..).ok_or(Broken::Cut)?;
                }
                3 => open += 1,
                4 => open -= 1,
                5 => drop(self.fixed::<4>()?),
                _ => return Err(Broken::Malformed),
            }
        }
        Ok(())
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, Wire<'a>), Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            match self.field() {
                Ok(Some(field)) => return Some(Ok(field)),
                Ok(None) => {}
                Err(broken) => {
                    self.rest = &[];
                    return Some(Err(broken));
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_one_after_another() {
        // 1: "a", 2: 7, a group 4 with a group 4 in it, 3: fixed64 1, 5: fixed32 2, 1: "bc"
        let message = [
            &[0x0a, 1, b'a', 0x10, 7, 0x23, 0x23, 0x0a, 1, 0, 0x24, 0x10, 1, 0x24][..],
            &[0x19, 1, 0, 0, 0, 0, 0, 0, 0, 0x2d, 2, 0, 0, 0, 0x0a, 2, b'b', b'c'],
        ]
        .concat();
        let found: Vec<_> = Fields::new(&message).map(Result::unwrap).collect();
        assert_eq!(
            found,
            [
                (1, Wire::Bytes(b"a")),
                (2, Wire::Varint(7)),
                (3, Wire::Fixed64(1)),
                (5, Wire::Fixed32(2)),
                (1, Wire::Bytes(b"bc"))
            ]
        );
    }

    #[test]
    fn the_first_mistake_is_the_end() {
        use Broken::{Cut, Malformed};
        for (broken, why) in [
            (&[0x0a, 1, b'a', 0x0a, 9][..], Cut),
            (&[0x0a, 1, b'a', 0xff], Cut),
            (&[0x0a, 1, b'a', 0x23, 0x10], Cut),
            (&[0x0a, 1, b'a', 0x07, 0x0a, 0], Malformed),
            (&[0x0a, 1, b'a', 0x00, 0x0a, 0], Malformed),
            (&[0x0a, 1, b'a', 0x24], Malformed),
            (&[0x0a, 1, b'a', 0x10, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1], Malformed),
        ] {
            let found: Vec<_> = Fields::new(broken).collect();
            assert_eq!(found, [Ok((1, Wire::Bytes(b"a"))), Err(why)], "{broken:?}");
        }
        let mut fields = Fields::new(&[0x12, 5, b'x', b'y']);
        assert_eq!(fields.by_ref().count(), 1);
        assert_eq!(fields.part(), Some((2, &b"xy"[..])));
    }
}
