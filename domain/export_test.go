package domain

// HasNothing reports whether an object holds null or an empty string anywhere.
var HasNothing = hasNothing
