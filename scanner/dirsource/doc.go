// Package dirsource makes blobs of a tree of files.
//
// Knows: folders, files, names. Must not know: git, patterns, the network.
// In: a path to a folder or a file. Out: a source of [scanner.Blob], in the order of the paths.
// Promises: links are not followed and nothing but regular files is opened, so no FIFO, device or loop holds it
// up; a file or folder that could not be read, and a file over the cap that nobody asked for, is a
// [scanner.Skip]; names are content too.
// Not promised: that a tree that changes during the scan is seen at one moment of its life.
package dirsource
