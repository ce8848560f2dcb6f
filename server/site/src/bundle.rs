//! Files that belong together, in a folder named by the hash of their content.

use sha2::{Digest as _, Sha256};

use crate::folder::Files;

/// Hexadecimal digits of a folder's name: 64 bits are enough, since nobody gains from a collision between two releases.
pub(crate) const NAME_LENGTH: usize = 16;

/// Files that change together.
pub(crate) struct Bundle {
    kind: &'static str,
    pub(crate) files: Files,
}

impl Bundle {
    pub(crate) fn new(kind: &'static str, files: Files) -> Self {
        Self { kind, files }
    }

    /// The folder, without leading or trailing slash: `assets/0123456789abcdef`.
    pub(crate) fn folder(&self) -> String {
        let mut sum = Sha256::new();
        for (name, bytes) in &self.files {
            // Length prefixes keep different files with the same concatenation apart.
            for part in [name.as_bytes(), bytes] {
                sum.update((part.len() as u64).to_le_bytes());
                sum.update(part);
            }
        }
        format!("{}/{}", self.kind, &hex::encode(sum.finalize())[..NAME_LENGTH])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_named_by_names_and_content_of_all_its_files() {
        let folder = |files: &[(&str, &str)]| {
            let files = files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()));
            Bundle::new("pkg", files.collect()).folder()
        };
        let name = folder(&[("a", "1"), ("b", "2")]);
        assert_eq!(name.len(), "pkg/".len() + NAME_LENGTH);
        assert_eq!(name, folder(&[("b", "2"), ("a", "1")]), "the order does not matter");
        for other in [&[("a", "1")][..], &[("a", "1"), ("b", "3")], &[("a", "1"), ("c", "2")], &[("a", "1b2")], &[]] {
            assert_ne!(name, folder(other), "{other:?}");
        }
    }
}
