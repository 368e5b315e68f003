//! Mutations drawn from a seed, so that a sample can be told again.

/// Numbers that look random and are the same for the same seed (splitmix64).
#[derive(Debug, Clone)]
pub struct Dice(pub u64);

impl Dice {
    /// A number below `below`; 0 if that is 0.
    pub fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % below.max(1) as u64).unwrap_or_default()
    }

    /// Changes `bytes` in one to six places; what is spliced in comes from `other`.
    pub fn mutate(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        for _ in 0..=self.roll(6) {
            self.change(bytes, other);
        }
    }

    fn change(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        if bytes.is_empty() {
            bytes.extend(other);
            return;
        }
        let at = self.roll(bytes.len());
        let run = 1 + self.roll(16.min(bytes.len() - at));
        match self.roll(9) {
            0 => bytes[at] ^= 1 << self.roll(8),
            1 => bytes[at] = [0, 1, 0x20, 0x7f, 0x80, 0xff, b'"', b'\n'][self.roll(8)],
            2 => drop(bytes.drain(at..at + run)),
            3 => {
                let piece = bytes[at..at + run].to_vec();
                bytes.splice(at..at, piece);
            }
            4 => bytes.truncate(at),
            // Lengths and offsets lie, in two, four and eight bytes, both ends first.
            5 => {
                let value = [0, 1, 0x7fff, 0xffff, 0x7fff_ffff, 0xffff_ffff, u64::MAX, bytes.len() as u64];
                let value = value[self.roll(8)];
                let little = value.to_le_bytes();
                let big = value.to_be_bytes();
                let width = [2, 4, 8][self.roll(3)].min(bytes.len() - at);
                let word = if self.roll(2) == 0 { &little[..width] } else { &big[8 - width..] };
                bytes[at..at + width].copy_from_slice(word);
            }
            6 if !other.is_empty() => {
                let from = self.roll(other.len());
                let piece = other[from..].iter().copied().take(1 + self.roll(64));
                bytes.splice(at..at + run, piece);
            }
            7 => {
                let to = self.roll(bytes.len());
                bytes.swap(at, to);
            }
            // A number written out becomes another one.
            _ => match bytes[at..].iter().position(u8::is_ascii_digit) {
                Some(digit) => bytes[at + digit] = b'0' + self.roll(10) as u8,
                None => bytes[at] = bytes[at].wrapping_add(1),
            },
        }
    }
}
