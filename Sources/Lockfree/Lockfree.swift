// Lockfree
