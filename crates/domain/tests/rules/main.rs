//! The rules of authentication.md, tried from the outside: the printed decision matrix, named stories, and generated histories
//! against an independent model.

mod matrix;
mod model;
mod story;
mod told;
mod world;
