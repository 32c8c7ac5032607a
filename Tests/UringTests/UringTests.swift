// The first tests of Uring land with its first sources.
