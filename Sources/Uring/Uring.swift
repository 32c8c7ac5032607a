// Uring
