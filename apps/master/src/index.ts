// A master as a process: stands for primary and plans.
export {};
