use fanlight_core::Secret;
use totp_rs::{Builder, Secret as Key, Totp};

/// Longest time that one code may be good for, seconds.
const LONGEST_STEP: u64 = 3600;
/// Code lengths in use.
const DIGITS: std::ops::RangeInclusive<u8> = 6..=10;

/// What one-time codes are made of (RFC 6238).
#[derive(Clone)]
pub struct Seed(Totp);

/// The text is no seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a base32 key or an otpauth://totp/ address, as an authenticator app takes it")]
pub struct InvalidSeed;

impl Seed {
    /// Reads base32, in groups and in either case, for codes of 6 digits and 30 s by SHA-1;
    /// or an `otpauth:` address, which says all that itself.
    ///
    /// # Errors
    /// For anything else.
    pub fn read(text: &str) -> Result<Self, InvalidSeed> {
        let text = text.trim();
        let totp = if text.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("otpauth:")) {
            Totp::from_url_unchecked(text).map_err(|_| InvalidSeed)?
        } else {
            let bare: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '=')).collect();
            let key = Key::try_from_base32(bare.to_uppercase()).map_err(|_| InvalidSeed)?;
            Builder::new().with_secret(key).build_noncompliant()
        };
        let sound = !totp.secret().as_bytes().is_empty()
            && (1..=LONGEST_STEP).contains(&totp.step())
            && DIGITS.contains(&totp.digits());
        sound.then_some(Self(totp)).ok_or(InvalidSeed)
    }

    /// The code at `time`, seconds since 1970.
    pub fn code(&self, time: u64) -> Secret {
        Secret::new(self.0.generate(time).to_string())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// RFC 6238, appendix B: the seeds are the ASCII digits, repeated to the hash's length.
    const SHA1: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    const SHA256: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA";
    const SHA512: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3\
                          TQOJQGEZDGNBVGY3TQOJQGEZDGNA";
    const VECTORS: [(u64, [&str; 3]); 6] = [
        (59, ["94287082", "46119246", "90693936"]),
        (1_111_111_109, ["07081804", "68084774", "25091201"]),
        (1_111_111_111, ["14050471", "67062674", "99943326"]),
        (1_234_567_890, ["89005924", "91819424", "93441116"]),
        (2_000_000_000, ["69279037", "90698825", "38618901"]),
        (20_000_000_000, ["65353130", "77737706", "47863826"]),
    ];

    #[test]
    fn the_codes_are_those_of_rfc_6238() {
        for (time, codes) in VECTORS {
            for ((name, key), code) in
                [("SHA1", SHA1), ("SHA256", SHA256), ("SHA512", SHA512)].into_iter().zip(codes)
            {
                let url = format!(
                    "otpauth://totp/a:b?secret={key}&issuer=a&algorithm={name}&digits=8&period=30"
                );
                assert_eq!(Seed::read(&url).unwrap().code(time).expose(), code, "{name} {time}");
            }
            let short = Seed::read(SHA1).unwrap().code(time);
            assert_eq!(short.expose(), &codes[0][2..], "{time}");
        }
    }

    #[test]
    fn a_key_may_be_written_as_people_write_it() {
        for written in
            ["gezd gnbv gy3t qojq gezd gnbv gy3t qojq", " GEZDGNBV-GY3TQOJQ-GEZDGNBVGY3TQOJQ=== "]
        {
            assert_eq!(Seed::read(written).unwrap().code(59).expose(), "287082", "{written}");
        }
        assert!(Seed::read("JBSWY3DPEHPK3PXP").is_ok());
    }

    #[test]
    fn what_is_no_seed_is_refused() {
        for bad in [
            "",
            " ",
            "0189",
            "secret!",
            "https://a.example/?secret=GEZDGNBV",
            "otpauth://hotp/a:b?secret=GEZDGNBVGY3TQOJQ",
            "otpauth://totp/a:b",
            "otpauth://totp/a:b?secret=GEZDGNBVGY3TQOJQ&period=0",
            "otpauth://totp/a:b?secret=GEZDGNBVGY3TQOJQ&digits=0",
            "otpauth://totp/a:b?secret=GEZDGNBVGY3TQOJQ&digits=99",
        ] {
            assert!(Seed::read(bad).is_err(), "{bad:?}");
        }
    }
}
