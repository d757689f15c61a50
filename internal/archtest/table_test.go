package archtest

import "slices"

// module is the path that all rooms stand under.
const module = "github.com/keywright/keywright"

// room is one package and whom of ours its non-test files may import. The twin of the table in
// docs/architecture.md: change both in one commit.
type room struct {
	may []string // paths below the module; "dir/*" for each package below dir
	// forTests: only test files, and other rooms for tests, may import it.
	forTests bool
	// pending: the table knows it, the tree does not yet. A pending room that stands in the tree is an error, so that
	// the mark goes when the room comes.
	pending bool
}

var (
	domain = []string{
		"patterns", "scanner", "scanner/*", "issuer", "issuer/*", "webhook", "webhook/githubapp", "webhook/steps",
		"internal/secret", "internal/checksum", "internal/packfile", "internal/jobs", "internal/incident", "internal/verify",
		"internal/respond", "internal/notify", "internal/flow", "internal/store", "internal/store/postgres",
		"internal/store/sqlite", "internal/dashboard",
	}
	// wiring rooms put the others together and decide nothing.
	wiring = append(slices.Clone(domain), "internal/queue", "internal/server", "internal/config")
	verb   = append(slices.Clone(wiring), "cmd/keywright/internal/cmdio")

	// ports are the packages whose ports a store implements, with the types that stand in them.
	ports = []string{
		"issuer", "issuer/audit", "internal/incident", "webhook", "webhook/steps", "internal/dashboard",
		"scanner", "patterns", "internal/jobs",
	}
)

// rooms is the table: every package of the module.
var rooms = map[string]room{
	"internal/secret":     {},
	"internal/checksum":   {},
	"internal/packfile":   {pending: true},
	"internal/jobs":       {},
	"internal/archtest":   {},
	"internal/ci":         {},
	"scanner/decode":      {pending: true},
	"webhook/githubtest":  {forTests: true, pending: true},
	"patterns":            {may: []string{"internal/checksum"}},
	"scanner":             {may: []string{"internal/secret", "internal/checksum", "patterns", "scanner/decode"}},
	"scanner/gitsource":   {may: []string{"scanner", "internal/secret", "internal/packfile"}, pending: true},
	"scanner/dirsource":   {may: []string{"scanner", "internal/secret"}, pending: true},
	"scanner/stdinsource": {may: []string{"scanner", "internal/secret"}, pending: true},
	"scanner/report":      {may: []string{"scanner", "patterns", "internal/secret"}, pending: true},
	"scanner/baseline":    {may: []string{"scanner", "patterns", "internal/secret"}, pending: true},
	"scanner/laws":        {may: []string{"scanner", "patterns", "internal/secret", "internal/checksum"}, pending: true},
	"issuer":              {may: []string{"internal/secret", "internal/checksum", "internal/jobs"}},
	"issuer/lease":        {may: []string{"issuer", "internal/secret", "internal/jobs"}, pending: true},
	"issuer/limit":        {may: []string{"issuer", "internal/secret", "internal/jobs"}, pending: true},
	"issuer/audit":        {may: []string{"issuer", "internal/secret", "internal/jobs"}},
	"issuer/middleware":   {may: []string{"issuer", "issuer/limit", "internal/secret"}, pending: true},
	"issuer/api":          {may: []string{"issuer", "issuer/*", "internal/secret", "internal/jobs"}, pending: true},
	"internal/incident":   {may: []string{"scanner", "issuer", "patterns", "internal/jobs"}},
	"internal/verify":     {may: []string{"internal/incident", "scanner", "issuer", "patterns", "internal/secret"}},
	"internal/respond":    {may: []string{"internal/incident", "issuer", "patterns", "internal/secret", "internal/notify"}},
	"internal/notify":     {may: []string{"internal/secret", "internal/jobs"}, pending: true},
	"internal/flow": {may: []string{
		"scanner", "scanner/baseline", "patterns", "internal/incident", "internal/verify", "internal/respond", "issuer",
		"internal/secret",
	}},
	"webhook":           {may: []string{"internal/jobs"}, pending: true},
	"webhook/githubapp": {may: []string{"internal/secret", "internal/jobs"}, pending: true},
	"webhook/steps": {may: []string{
		"webhook", "webhook/githubapp", "scanner", "scanner/gitsource", "patterns", "internal/incident", "internal/verify",
		"internal/respond", "internal/flow", "issuer", "internal/secret", "internal/jobs",
	}, pending: true},
	"internal/store":                  {may: ports, pending: true},
	"internal/store/sqlite":           {may: append(slices.Clone(ports), "internal/store"), pending: true},
	"internal/store/postgres":         {may: append(slices.Clone(ports), "internal/store"), pending: true},
	"internal/store/storetest":        {may: append(slices.Clone(ports), "internal/store", "internal/secret"), forTests: true, pending: true},
	"internal/store/storetest/pgtest": {forTests: true, pending: true},
	"internal/dashboard":              {may: []string{"internal/incident", "issuer"}, pending: true},
	"internal/queue":                  {may: domain, pending: true},
	"internal/server":                 {may: domain, pending: true},
	"internal/config":                 {may: domain, pending: true},

	"cmd/keywright":                {may: append(slices.Clone(verb), "cmd/keywright/*"), pending: true},
	"cmd/keywright/internal/cmdio": {may: wiring, pending: true},
	"cmd/keywright/initialize":     {may: verb, pending: true},
	"cmd/keywright/scan":           {may: verb, pending: true},
	"cmd/keywright/baseline":       {may: verb, pending: true},
	"cmd/keywright/hook":           {may: verb, pending: true},
	"cmd/keywright/key":            {may: verb, pending: true},
	"cmd/keywright/family":         {may: verb, pending: true},
	"cmd/keywright/incident":       {may: verb, pending: true},
	"cmd/keywright/rules":          {may: verb, pending: true},
	"cmd/keywright/audit":          {may: verb, pending: true},
	"cmd/keywright/app":            {may: verb, pending: true},
	"cmd/keywright/serve":          {may: verb, pending: true},
	"cmd/keywright/demo":           {may: verb, pending: true},
}

// strangers never meet, not in each other's tests either: the scanner must be usable by who issues nothing, and the
// issuer by who scans nothing.
var strangers = [2]string{"scanner", "issuer"}

// revealers are the only functions that may call secret.Text.Reveal. "*" stands for every function of the package.
var revealers = map[string][]string{
	"internal/secret":   {"*"}, // Equal
	"scanner":           {"*"}, // the match ladder and the fingerprint
	"issuer":            {"*"}, // parse and digest
	"internal/verify":   {"*"}, // hands the text to the one verifier of its pattern
	"internal/respond":  {"*"}, // the effect at the vendor
	"scanner/report":    {"shownSecret"},
	"cmd/keywright/key": {"*"}, // issue: the one time a key is printed
}

// linking says what a user of the package must never link, tests apart.
var linking = []struct {
	name   string
	of     []string // packages of ours, "dir/*" for all below
	never  []string // import path prefixes
	reason string
}{
	{
		name:   "who scans bytes links no SQL, no go-git, no GitHub, no queue",
		of:     []string{"patterns", "scanner", "scanner/*"},
		never:  append([]string{"github.com/go-git/", "github.com/google/go-github", "github.com/bradleyfalzon/", "github.com/riverqueue/"}, sqlDrivers...),
		reason: "docs/architecture.md: a library user who scans bytes pays for the scanner only",
	},
	{
		name:   "the scanner and its sources know no network",
		of:     []string{"patterns", "scanner", "scanner/*"},
		never:  []string{"net/http"},
		reason: "the network is verify's and webhook's",
	},
	{
		name:   "the issuer links no scanner",
		of:     []string{"issuer", "issuer/*"},
		never:  []string{module + "/scanner", module + "/patterns"},
		reason: "strangers",
	},
	{
		name:   "the scanner links no issuer",
		of:     []string{"patterns", "scanner", "scanner/*"},
		never:  []string{module + "/issuer"},
		reason: "strangers",
	},
	{
		name:   "the issuer knows no SQL",
		of:     []string{"issuer", "issuer/*"},
		never:  sqlDrivers,
		reason: "a store stands behind issuer.Store",
	},
	{
		name:   "the issuer's core knows no HTTP",
		of:     []string{"issuer", "issuer/audit", "issuer/lease"},
		never:  []string{"net/http"},
		reason: "issuer/middleware and issuer/api are its doors",
	},
}

var sqlDrivers = []string{"database/sql", "modernc.org/", "github.com/jackc/", "github.com/pressly/goose"}
