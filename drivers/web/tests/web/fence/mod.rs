mod blocked;
mod enclosed;
mod escape;
mod limits;
mod passing;
