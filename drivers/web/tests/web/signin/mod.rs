mod forms;
mod relay;
mod scripts;
mod site;
