//! The doors over a real listener, before a gateway that has followed a log.

mod it {
    mod client;
    mod ext_authz;
    mod forward_auth;
    mod listener;
    mod verify;
    mod world;
}
