// Carillon
