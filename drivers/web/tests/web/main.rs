//! The fence: its proxy, asked by plain clients, and programs that have nothing else; and a
//! real Chromium in it that is signed in.
#![allow(clippy::unwrap_used)]

mod browser;
mod fence;
mod home;
mod signin;
mod world;
