package cmdio

// Page is one page of a list.
type Page struct {
	Value   any // what JSON shows
	Heading []string
	Rows    [][]string
	Empty   string // told when there are no rows
	Next    string // cursor of the next page; empty: this is the last one
}

// Page shows a page: as JSON, or as a table with how to get the next one.
func (o *IO) Page(format Format, p Page) error {
	if format == JSON {
		return o.JSON(p.Value)
	}
	if len(p.Rows) == 0 {
		o.Notef("%s", p.Empty)
		return nil
	}
	if err := o.Table(p.Heading, p.Rows); err != nil {
		return err
	}
	if p.Next != "" {
		o.Notef("there are more: --after %s", p.Next)
	}
	return nil
}
