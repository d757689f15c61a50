package gitsource

import (
	"path"
	"strings"

	"github.com/keywright/keywright/scanner"
)

// maxPlaces is how many places of one blob are kept; the oldest come first.
const maxPlaces = 10_000

// places collects where wanted blobs and names stand.
type places struct {
	repo  *Repository
	ids   map[scanner.BlobID]bool
	names map[string]scanner.BlobID // wanted file names
	found map[scanner.BlobID][]scanner.Location
	seen  map[string]bool // wanted names' places: id and path
}

func newPlaces(r *Repository, ids []scanner.BlobID, names nameSet) *places {
	p := &places{repo: r, ids: map[scanner.BlobID]bool{}, names: map[string]scanner.BlobID{},
		found: map[scanner.BlobID][]scanner.Location{}, seen: map[string]bool{}}
	for _, id := range ids {
		p.ids[id] = true
		if name, ok := names.name(id); ok {
			p.names[name] = id
		}
	}
	return p
}

func (p *places) add(id scanner.BlobID, l scanner.Location) {
	if len(p.found[id]) < maxPlaces {
		p.found[id] = append(p.found[id], l)
	}
}

// change takes a path that a commit introduced.
func (p *places) change(c change, g *graph, refName string) {
	of, _ := g.commit(c.commit)
	l := scanner.Location{Kind: scanner.KindFile, Path: c.path, Commit: p.repo.format.hex(c.commit), Author: of.author, Date: of.date, Ref: refName}
	p.file(c.id, c.added, l)
}

// file takes a file at a place: the names that are new there, the outermost first, then what stands in the file.
func (p *places) file(id oid, added bool, l scanner.Location) {
	if added && len(p.names) > 0 {
		p.namesOf(l)
	}
	if blob := p.repo.format.blobID(id); p.ids[blob] {
		p.add(blob, l)
	}
}

func (p *places) namesOf(l scanner.Location) {
	dir := ""
	for part := range strings.SplitSeq(l.Path, "/") {
		if blob, ok := p.names[part]; ok {
			p.name(blob, dir, l)
		}
		dir = path.Join(dir, part)
	}
}

// name takes a name in a folder, once.
func (p *places) name(blob scanner.BlobID, dir string, l scanner.Location) {
	key := string(blob) + dir // ids are of one length
	if p.seen[key] {
		return
	}
	p.seen[key] = true
	l.Kind, l.Path = scanner.KindName, dir
	p.add(blob, l)
}

// unplaced are the wanted ids without a place.
func (p *places) unplaced() []scanner.BlobID {
	var ids []scanner.BlobID
	for id := range p.ids {
		if len(p.found[id]) == 0 {
			ids = append(ids, id)
		}
	}
	return ids
}
