package archtest

// pending are rooms of the table that the tree does not have yet. One that stands in the tree is an error, so that its line
// goes when the room comes.
var pending []string
