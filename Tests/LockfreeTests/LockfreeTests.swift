// The first tests of Lockfree land with its first sources.
