// Submit, follow and handle tasks from a program.
export {};
