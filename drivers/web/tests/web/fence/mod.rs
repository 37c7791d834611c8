mod blocked;
mod enclosed;
mod escape;
mod explained;
mod limits;
mod passing;
