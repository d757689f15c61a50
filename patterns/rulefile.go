package patterns

// The types of this file are a rules file as it is written: short forms included, `doc` tags feed
// schema.json. [Pattern] is what they mean.

// ruleFile is one catalogue/<vendor>.yaml or a user's file.
type ruleFile struct {
	Vendor   string        `yaml:"vendor" doc:"the vendor's short name, also the start of each id"`
	Hosts    []string      `yaml:"hosts" doc:"hosts of the vendor that a live check may send a secret to"`
	Evidence string        `yaml:"evidence" doc:"default of each pattern's evidence"`
	Sources  []Source      `yaml:"sources" doc:"default of each pattern's sources"`
	Disable  []ID          `yaml:"disable" doc:"ids of patterns to switch off; an unknown id is an error"`
	Patterns []rulePattern `yaml:"patterns" doc:"the credential formats"`
}

// rulePattern is one entry of patterns.
type rulePattern struct {
	ID              ID               `yaml:"id" doc:"vendor.kind[.variant], for ever; a rename lists the old id in replaces"`
	Name            string           `yaml:"name" doc:"for people"`
	Format          *ruleFormat      `yaml:"format" doc:"the structure; format or regex, never both"`
	Regex           *ruleRegex       `yaml:"regex" doc:"an RE2 expression, for what format cannot say"`
	Keywords        []string         `yaml:"keywords" doc:"one of them must stand shortly before the match, any case"`
	Generic         bool             `yaml:"generic" doc:"yields to any other pattern that claims the same secret"`
	Public          bool             `yaml:"public" doc:"an identifier that is no secret by itself"`
	Reject          []Reject         `yaml:"reject" doc:"texts of the right shape that are no credential"`
	RandomBits      float64          `yaml:"random_bits" doc:"random bits, when the body is not random throughout"`
	Exposure        string           `yaml:"exposure" doc:"account, project or public-id"`
	Verify          *ruleVerify      `yaml:"verify" doc:"a live check by one request"`
	Revoke          *Revoke          `yaml:"revoke" doc:"how a finder may revoke the credential"`
	Replaces        []ID             `yaml:"replaces" doc:"older ids, oldest first"`
	SharedWith      []ID             `yaml:"shared_with" doc:"patterns that may claim this one's examples"`
	Sources         []Source         `yaml:"sources" doc:"where the format is documented"`
	Evidence        string           `yaml:"evidence" doc:"documented or assumed"`
	Examples        []string         `yaml:"examples" doc:"texts that must be found, with ${secret} in the credential's place"`
	CounterExamples []CounterExample `yaml:"counter_examples" doc:"texts that must not be reported"`
}

type ruleFormat struct {
	Prefix     string     `yaml:"prefix" doc:"literal start, 3 bytes or more"`
	Prefixes   []string   `yaml:"prefixes" doc:"alternatives, instead of prefix"`
	FreePrefix bool       `yaml:"free_prefix" doc:"any key family's prefix, found backwards from the first literal"`
	Body       *rulePart  `yaml:"body" doc:"short for parts with one member"`
	Parts      []rulePart `yaml:"parts" doc:"literals and runs after the prefix, in order"`
	Checksum   *Checksum  `yaml:"checksum" doc:"check digits after the last part"`
	Boundary   *bool      `yaml:"boundary" doc:"a longer run is another thing; true unless set"`
}

type rulePart struct {
	Literal  string `yaml:"literal" doc:"a fixed text"`
	Alphabet string `yaml:"alphabet" doc:"a name (base62) or a set ([A-Z2-7])"`
	Length   int    `yaml:"length" doc:"bytes, exactly"`
	Min      int    `yaml:"min" doc:"bytes, at least; instead of length"`
	Max      int    `yaml:"max" doc:"bytes, at most; left out: no end known"`
}

type ruleRegex struct {
	Expr           string   `yaml:"expr" doc:"RE2"`
	Literals       []string `yaml:"literals" doc:"each match contains one of them, 3 bytes or more"`
	FoldCase       bool     `yaml:"fold_case" doc:"expression and literals count in any case; (?-i:...) inside takes a part out"`
	Secret         string   `yaml:"secret" doc:"name of the group that holds the secret; left out: the whole match"`
	MaxBytes       int      `yaml:"max_bytes" doc:"longest match; left out: computed, when the expression has an end"`
	MinEntropyBits float64  `yaml:"min_entropy_bits" doc:"least Shannon entropy of the secret over its length"`
	Mint           string   `yaml:"mint" doc:"template of the examples' secret, like AKIA{base32-upper:16}"`
}

type ruleVerify struct {
	Get   string   `yaml:"get" doc:"URL of a GET"`
	Post  string   `yaml:"post" doc:"URL of a POST, instead of get"`
	Hosts []string `yaml:"hosts" doc:"instead of the file's hosts"`
	Auth  string   `yaml:"auth" doc:"bearer, basic-user, basic-password, header:NAME or query:NAME"`
	Live  []int    `yaml:"live" doc:"status codes of a live credential"`
	Dead  []int    `yaml:"dead" doc:"status codes of a dead one; any other is unknown"`
	Tried string   `yaml:"tried" doc:"date of a run against the vendor"`
}

func (r *rulePattern) pattern(file *ruleFile, origin Origin) *Pattern {
	p := &Pattern{
		ID: r.ID, Vendor: file.Vendor, Name: r.Name, Keywords: r.Keywords, Generic: r.Generic, Public: r.Public,
		Reject: r.Reject, RandomBits: r.RandomBits, Exposure: r.Exposure, Revoke: r.Revoke, Replaces: r.Replaces,
		SharedWith: r.SharedWith, Sources: r.Sources, Evidence: r.Evidence, Examples: r.Examples,
		CounterExamples: r.CounterExamples, Origin: origin,
	}
	if p.Sources == nil {
		p.Sources = file.Sources
	}
	if p.Evidence == "" {
		p.Evidence = file.Evidence
	}
	if r.Format != nil {
		p.Format = r.Format.format()
	}
	if r.Regex != nil {
		p.Regex = &Regex{
			Expr: r.Regex.Expr, Literals: r.Regex.Literals, FoldCase: r.Regex.FoldCase, Secret: r.Regex.Secret,
			MaxBytes: r.Regex.MaxBytes, MinEntropyBits: r.Regex.MinEntropyBits, Mint: r.Regex.Mint,
		}
	}
	if r.Verify != nil {
		p.Verify = r.Verify.verify(file.Hosts)
	}
	return p
}

func (r *ruleFormat) format() *Format {
	f := &Format{
		Prefix: r.Prefix, Prefixes: r.Prefixes, FreePrefix: r.FreePrefix, Checksum: r.Checksum,
		Boundary: r.Boundary == nil || *r.Boundary,
	}
	for _, part := range r.allParts() {
		if part.Length > 0 {
			part.Min, part.Max = part.Length, part.Length
		}
		f.Parts = append(f.Parts, Part{Literal: part.Literal, Alphabet: part.Alphabet, Min: part.Min, Max: part.Max})
	}
	return f
}

func (r *ruleFormat) allParts() []rulePart {
	if r.Body == nil {
		return r.Parts
	}
	return append([]rulePart{*r.Body}, r.Parts...)
}

func (r *ruleVerify) verify(hosts []string) *Verify {
	v := &Verify{Method: "GET", URL: r.Get, Hosts: r.Hosts, Auth: r.Auth, Live: r.Live, Dead: r.Dead, Tried: r.Tried}
	if r.Post != "" {
		v.Method, v.URL = "POST", r.Post
	}
	if len(v.Hosts) == 0 {
		v.Hosts = hosts
	}
	return v
}

// slips are the mistakes of writing that are gone once the short forms are read.
func (r *rulePattern) slips() []string {
	var out []string
	if f := r.Format; f != nil {
		if f.Body != nil && len(f.Parts) > 0 {
			out = append(out, "format has body and parts: write the body as the first of parts")
		}
		for _, part := range f.allParts() {
			if part.Length != 0 && (part.Min != 0 || part.Max != 0) {
				out = append(out, "a part has length and min or max: keep one")
			}
		}
	}
	if v := r.Verify; v != nil && v.Get != "" && v.Post != "" {
		out = append(out, "verify has get and post: keep one")
	}
	return out
}
