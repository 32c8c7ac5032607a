// The first tests of OpenAPIRPC land with its first sources.
