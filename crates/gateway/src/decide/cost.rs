//! What a call takes from every limit.

use domain::route::CostFromHeader;

use crate::{
    call::{Call, HeaderField},
    index::routes::ActiveRoute,
};

/// What the door says, else what a trusted proxy says in the header that the route names, else what the route costs.
/// A call that no route matches costs 1.
pub(super) fn of(call: &Call<'_>, route: Option<&ActiveRoute>) -> u32 {
    let of_route = || route.map_or(1, |route| from_header(call, route).unwrap_or(route.cost));
    call.cost.unwrap_or_else(of_route)
}

/// What cannot be read costs the most that it may: a call that is charged too little would be noticed by nobody.
fn from_header(call: &Call<'_>, route: &ActiveRoute) -> Option<u32> {
    let CostFromHeader { name, max } = route.cost_from_header.as_ref()?;
    match call.trusted_headers?.header(name.as_str()) {
        HeaderField::Absent => None,
        HeaderField::One(text) => Some(read(text).unwrap_or(*max).min(*max)),
        HeaderField::Unclear => Some(*max),
    }
}

/// A whole number from 1, in digits alone.
fn read(text: &str) -> Option<u32> {
    let digits = text.trim_ascii();
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|cost| plain && *cost > 0)
}
