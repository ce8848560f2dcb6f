//! Blocks of network addresses, which stand for whoever holds them: a household, a customer, a network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Addresses that share their first bits.
///
/// Prints only its size, so that logs name nobody.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AddressBlock {
    first: IpAddr,
    bits: u8,
}

impl AddressBlock {
    /// The addresses that share `bits` bits with this one; all of them if the family has no more.
    pub fn around(address: IpAddr, bits: u8) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => {
                let bits = bits.min(32);
                let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
                Self { first: Ipv4Addr::from_bits(address.to_bits() & mask).into(), bits }
            }
            IpAddr::V6(address) => {
                let bits = bits.min(128);
                let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
                Self { first: Ipv6Addr::from_bits(address.to_bits() & mask).into(), bits }
            }
        }
    }

    /// Who is counted as one client: an IPv4 address, or the first 64 bits of an IPv6 address, which identify a
    /// household (RFC 6177).
    pub fn client(address: IpAddr) -> Self {
        Self::around(address, if address.to_canonical().is_ipv4() { 32 } else { 64 })
    }

    /// The client and the blocks around it that one customer can hold, smallest first. Providers assign a /56 or a /48
    /// to a customer (RFC 6177), and rent out IPv4 by the /24, the smallest block that is routed on its own.
    pub fn nested(address: IpAddr) -> impl Iterator<Item = Self> {
        let sizes: &[u8] = if address.to_canonical().is_ipv4() { &[32, 24] } else { &[64, 56, 48] };
        sizes.iter().map(move |&bits| Self::around(address, bits))
    }

    /// How many leading bits the addresses share.
    pub fn bits(&self) -> u8 {
        self.bits
    }

    /// Whether it consists of IPv4 addresses.
    pub fn is_ipv4(&self) -> bool {
        self.first.is_ipv4()
    }
}

impl std::fmt::Debug for AddressBlock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AddressBlock(/{})", self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_ipv6_household_are_one_client() {
        let client = |text: &str| AddressBlock::client(text.parse().unwrap());
        assert_eq!(client("2001:db8:1:2:3:4:5:6"), client("2001:db8:1:2::9"));
        assert_ne!(client("2001:db8:1:2::9"), client("2001:db8:1:3::9"));
        assert_eq!(client("203.0.113.9"), client("::ffff:203.0.113.9"));
        assert_ne!(client("203.0.113.9"), client("203.0.113.8"));
    }

    #[test]
    fn larger_blocks_contain_smaller_ones() {
        let nested = |text: &str| AddressBlock::nested(text.parse().unwrap()).collect::<Vec<_>>();
        let (a, b) = (nested("2001:db8:1:201::9"), nested("2001:db8:1:2ff::9"));
        assert_eq!((a.len(), a[0] == b[0], a[1] == b[1], a[2] == b[2]), (3, false, true, true));
        let (a, b) = (nested("203.0.113.9"), nested("203.0.113.8"));
        assert_eq!((a.len(), a[0] == b[0], a[1] == b[1]), (2, false, true));
        let everything = AddressBlock::around("203.0.113.9".parse().unwrap(), 0);
        assert_eq!(everything, AddressBlock::around("8.8.8.8".parse().unwrap(), 0));
        assert_eq!(format!("{:?}", a[1]), "AddressBlock(/24)");
    }
}
