mod forms;
mod site;
