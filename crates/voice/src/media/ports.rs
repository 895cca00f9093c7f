//! The RTP ports of a node: even ones with the odd one above, from a pool for each address family.

use std::{
    collections::VecDeque,
    io,
    net::{IpAddr, SocketAddr, UdpSocket},
    sync::{Arc, Mutex, PoisonError},
};

use socket2::{Domain, Protocol, Socket, Type};

use super::{
    MediaOptions, Refusal,
    outside::{Clock, Moment, random},
};
use crate::limits::{RTP_BIND_TRIES_MAX, RTP_PAIRS_MAX, RTP_PORT_REST_MICROS, RTP_RECEIVE_BUFFER_BYTES};

/// Where one address family's ports are opened.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// Our own address; may be the unspecified one.
    pub bind: IpAddr,
    /// The address that telephones are told; of the same family.
    pub advertised: IpAddr,
}

/// Which ports, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortRange {
    /// The first one; 0 lets the operating system choose all ports, for tests.
    pub from: u16,
    /// The last one.
    pub to: u16,
}

/// For whom a port is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Call,
    Emergency,
}

/// One pool for each family.
#[derive(Debug)]
pub(super) struct Pools(Vec<Arc<Pool>>);

impl Pools {
    pub(super) fn new(options: &MediaOptions) -> Self {
        let pool = |place: &Place| Arc::new(Pool::new(*place, options.ports, options.reserved));
        Self(options.places.iter().map(pool).collect())
    }

    /// The addresses that telephones are told.
    pub(super) fn advertised(&self) -> Vec<IpAddr> {
        self.0.iter().map(|pool| pool.place.advertised).collect()
    }

    /// Opens a port of the family that an advertised address has.
    pub(super) fn take(&self, advertised: IpAddr, purpose: Purpose, clock: Clock) -> Result<Lease, Refusal> {
        let pool = self.0.iter().find(|pool| pool.place.advertised == advertised).ok_or(wire::sdp::Refusal::Family)?;
        pool.take(purpose, clock)
    }
}

#[derive(Debug)]
struct Pool {
    place: Place,
    is_fixed: bool,
    reserved: usize,
    ports: Mutex<Free>,
}

#[derive(Debug, Default)]
struct Free {
    ready: VecDeque<u16>,
    /// Ports of calls that ended a moment ago, as their telephones may still send.
    resting: VecDeque<(Moment, u16)>,
    /// How many more may be chosen by the operating system.
    unchosen: usize,
}

impl Free {
    fn left(&self) -> usize {
        self.ready.len() + self.unchosen
    }
}

/// An open port, with the one above for RTCP where it is wanted. Dropping it lets the ports rest.
#[derive(Debug)]
pub(super) struct Lease {
    pub(super) rtp: UdpSocket,
    pub(super) rtcp: Option<UdpSocket>,
    pub(super) port: u16,
    pub(super) address: IpAddr,
    // Last, so that the sockets are closed before.
    claim: Claim,
}

#[derive(Debug)]
struct Claim {
    pool: Arc<Pool>,
    port: u16,
    clock: Clock,
}

impl Lease {
    /// Opens the port of RTCP too. Without it a call goes on as well.
    pub(super) fn open_rtcp(&mut self) {
        if self.rtcp.is_none() {
            self.rtcp = socket(self.claim.pool.place.bind, self.port + 1).ok();
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut free = self.pool.free();
        if self.pool.is_fixed {
            free.resting.push_back((self.clock.now() + RTP_PORT_REST_MICROS, self.port));
        } else {
            free.unchosen += 1;
        }
    }
}

impl Pool {
    fn new(place: Place, range: PortRange, reserved: usize) -> Self {
        let mut free = Free::default();
        if range.from == 0 {
            free.unchosen = RTP_PAIRS_MAX;
        } else {
            // The port above must be in the range, too.
            let mut ports: Vec<u16> = (range.from..range.to).filter(|port| port % 2 == 0).collect();
            // A stranger should not know which port comes next; the little bias of the remainder does no harm.
            for at in (1..ports.len()).rev() {
                ports.swap(at, u32::from_be_bytes(random()) as usize % (at + 1));
            }
            free.ready = ports.into();
        }
        Self { place, is_fixed: range.from != 0, reserved, ports: Mutex::new(free) }
    }

    fn free(&self) -> std::sync::MutexGuard<'_, Free> {
        self.ports.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(self: &Arc<Self>, purpose: Purpose, clock: Clock) -> Result<Lease, Refusal> {
        let mut last = None;
        for _ in 0..RTP_BIND_TRIES_MAX {
            let port = self.next(purpose, clock.now())?;
            // From here on the port comes back by itself.
            let mut claim = Claim { pool: Arc::clone(self), port, clock };
            match open(self.place.bind, port) {
                Ok((rtp, port)) => {
                    claim.port = port;
                    let mut lease = Lease { rtp, rtcp: None, port, address: self.place.advertised, claim };
                    if purpose == Purpose::Emergency {
                        lease.open_rtcp();
                    }
                    return Ok(lease);
                }
                Err(error) => last = Some(error),
            }
        }
        Err(last.map_or(Refusal::Full, Refusal::Network))
    }

    fn next(&self, purpose: Purpose, now: Moment) -> Result<u16, Refusal> {
        let mut free = self.free();
        while let Some((_, port)) = free.resting.pop_front_if(|(until, _)| *until <= now) {
            free.ready.push_back(port);
        }
        let kept = if purpose == Purpose::Call { self.reserved } else { 0 };
        if free.left() > kept {
            if let Some(port) = free.ready.pop_front() {
                return Ok(port);
            }
            free.unchosen -= 1;
            return Ok(0);
        }
        // An emergency call does not wait for ports to rest.
        let resting = if purpose == Purpose::Emergency { free.resting.pop_front() } else { None };
        resting.map(|(_, port)| port).ok_or(Refusal::Full)
    }
}

/// Opens an even port; with 0 any.
fn open(bind: IpAddr, port: u16) -> io::Result<(UdpSocket, u16)> {
    let rtp = socket(bind, port)?;
    let port = rtp.local_addr()?.port();
    if port % 2 == 0 { Ok((rtp, port)) } else { Err(io::ErrorKind::AddrInUse.into()) }
}

fn socket(bind: IpAddr, port: u16) -> io::Result<UdpSocket> {
    let address = SocketAddr::new(bind, port);
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if bind.is_ipv6() {
        // The pool of IPv4 may have the same port.
        socket.set_only_v6(true)?;
    }
    // A flood fills this and no more.
    socket.set_recv_buffer_size(RTP_RECEIVE_BUFFER_BYTES)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    fn pool(pairs: u16, reserved: usize) -> Arc<Pool> {
        let place = Place { bind: Ipv4Addr::LOCALHOST.into(), advertised: Ipv4Addr::LOCALHOST.into() };
        Arc::new(Pool::new(place, PortRange { from: 1025, to: 1025 + 2 * pairs }, reserved))
    }

    #[test]
    fn only_even_ports_with_one_above_are_given() {
        let ports = |from, to| {
            let place = Place { bind: Ipv4Addr::LOCALHOST.into(), advertised: Ipv4Addr::LOCALHOST.into() };
            let mut ports: Vec<_> = Pool::new(place, PortRange { from, to }, 0).free().ready.iter().copied().collect();
            ports.sort_unstable();
            ports
        };
        assert_eq!(ports(2000, 2005), [2000, 2002, 2004]);
        assert_eq!(ports(2001, 2004), [2002]);
        assert_eq!(ports(65_532, 65_535), [65_532, 65_534]);
        assert!(ports(2000, 2000).is_empty());
    }

    #[test]
    fn a_reserve_is_for_emergency_calls_which_do_not_wait_for_rest_either() {
        let pool = pool(4, 2);
        let take = |purpose, now| pool.next(purpose, now).map_err(|refusal| refusal.status());
        let first = take(Purpose::Call, 0).unwrap();
        assert!(take(Purpose::Call, 0).is_ok());
        assert_eq!(take(Purpose::Call, 0), Err(503));
        assert!(take(Purpose::Emergency, 0).is_ok() && take(Purpose::Emergency, 0).is_ok());
        assert_eq!(take(Purpose::Emergency, 0), Err(503));
        pool.free().resting.push_back((10, first));
        assert_eq!(take(Purpose::Emergency, 9), Ok(first));
        for port in [first, first + 2, first + 4] {
            pool.free().resting.push_back((10, port));
        }
        assert_eq!(take(Purpose::Call, 9), Err(503), "resting");
        assert_eq!(take(Purpose::Call, 10), Ok(first), "rested");
    }

    #[test]
    fn a_closed_port_rests_and_one_that_somebody_holds_is_passed_over() {
        let place = Place { bind: Ipv4Addr::LOCALHOST.into(), advertised: Ipv4Addr::LOCALHOST.into() };
        let any = Arc::new(Pool::new(place, PortRange { from: 0, to: 0 }, 0));
        let lease = any.take(Purpose::Emergency, Clock::start()).unwrap();
        assert!(lease.port.is_multiple_of(2) && any.free().unchosen == RTP_PAIRS_MAX - 1);
        let fixed = Arc::new(Pool::new(place, PortRange { from: lease.port, to: lease.port + 1 }, 0));
        assert!(fixed.take(Purpose::Call, Clock::start()).is_err());
        assert_eq!(fixed.free().resting.len(), 1);
        drop(lease);
        assert_eq!(any.free().unchosen, RTP_PAIRS_MAX);
    }

    #[test]
    fn both_families_can_have_the_same_port() {
        let v4 = socket(Ipv4Addr::UNSPECIFIED.into(), 0).unwrap();
        let port = v4.local_addr().unwrap().port();
        assert!(socket(Ipv6Addr::UNSPECIFIED.into(), port).is_ok());
    }
}
