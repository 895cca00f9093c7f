//! The routing table: everything that an emergency call needs to know, in memory.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use domain::emergency::{Numbers, Trunk, Whereabouts};
use domain::tenancy::SiteId;
use store::trunk::RouteSite;

use super::places::Spot;

/// What was last read from the store, or the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routes {
    /// All trunks of the platform.
    pub trunks: Vec<Trunk>,
    /// What there is to know of each site.
    pub sites: HashMap<SiteId, RouteSite>,
    /// Whether phones that nobody added may call.
    pub unclaimed: bool,
}

/// The table that is in force; readers never wait for a writer's work.
#[derive(Debug, Default)]
pub struct Table {
    current: RwLock<Arc<Routes>>,
}

impl Table {
    /// The table as it is now.
    pub fn current(&self) -> Arc<Routes> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts another in its place.
    pub fn replace(&self, routes: Routes) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(routes);
    }
}

impl Routes {
    /// What is known of the site of a place.
    pub fn site(&self, spot: Option<Spot>) -> Option<&RouteSite> {
        self.sites.get(&spot?.site?)
    }

    /// In which country a place is. Of a phone without a site, or with one that the table does not know, nothing is known.
    pub fn whereabouts(&self, spot: Option<Spot>) -> Whereabouts<'_> {
        match (spot, self.site(spot)) {
            (_, Some(site)) => Whereabouts::Known(site.country.as_deref()),
            (Some(Spot { site: None, .. }), None) => Whereabouts::Known(None),
            _ => Whereabouts::Unknown,
        }
    }

    /// The numbers that are emergencies at a place.
    pub fn numbers<'n>(&self, numbers: &'n Numbers, spot: Option<Spot>) -> Vec<&'n str> {
        numbers.at(self.whereabouts(spot))
    }
}

#[cfg(test)]
mod tests {
    use domain::tenancy::CustomerId;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_place_tells_its_country() {
        let site = |id: u128, country: Option<&str>| RouteSite {
            id: SiteId(Uuid::from_u128(id)),
            country: country.map(str::to_owned),
            caller_number: None,
            location: None,
        };
        let sites = [site(1, Some("US")), site(2, None)].map(|site| (site.id, site)).into();
        let routes = Routes { sites, ..Routes::default() };
        let spot = |site: Option<u128>| Some(Spot { customer: CustomerId(Uuid::nil()), site: site.map(|id| SiteId(Uuid::from_u128(id))) });
        assert_eq!(routes.whereabouts(spot(Some(1))), Whereabouts::Known(Some("US")));
        assert_eq!(routes.whereabouts(spot(Some(2))), Whereabouts::Known(None));
        assert_eq!(routes.whereabouts(spot(None)), Whereabouts::Known(None));
        assert_eq!(routes.whereabouts(spot(Some(9))), Whereabouts::Unknown, "a site that came after the table");
        assert_eq!(routes.whereabouts(None), Whereabouts::Unknown);
    }
}
