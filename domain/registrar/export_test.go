package registrar

// LatestKept is how many changes are remembered by aggregate.
const LatestKept = latestKept
