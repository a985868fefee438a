module vecq

go 1.19
