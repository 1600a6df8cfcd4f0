/** Typed, versioned configuration, published to whoever follows it. */
export {};
