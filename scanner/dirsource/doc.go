// Package dirsource makes blobs of a tree of files.
//
// Knows: folders, files, names, .gitignore files. Must not know: git's objects, patterns, the network.
// In: a path to a folder or a file. Out: a source of [scanner.Blob], in the order of the paths; or a
// [scanner.Lender], in no order, the same blobs and skips.
// Promises: links are not followed, not even in place of a folder that was there a moment ago, and nothing but regular
// files is opened, so no FIFO, device or loop holds it up; a file or folder that could not be read, and a file over the
// cap that nobody asked for, is a [scanner.Skip]; names are content too; a large text takes the memory of a part, and
// holes cost nothing; what a .gitignore names is left out only when that is asked for, as git does, and counted.
// Not promised: that a tree that changes during the scan is seen at one moment of its life.
package dirsource
