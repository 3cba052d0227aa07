package domain

// CheckObject says what is wrong with the names and values in an object.
var CheckObject = checkObject
