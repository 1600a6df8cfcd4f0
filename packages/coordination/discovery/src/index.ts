/** Service instances: register, follow, pick one. */
export {};
