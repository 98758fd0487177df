"""Search: documents, words, typos, synonyms, counts, and what each engine looks them up by."""

import sqlalchemy as sa
from alembic import op

from shop.db import UtcDateTime

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

big = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
EXTENSION = 'pg_trgm'


def by_code_point(length):
    return sa.String(length).with_variant(sa.String(length, collation='C'), 'postgresql')


def upgrade() -> None:
    with op.batch_alter_table('products', schema=None) as batch_op:
        batch_op.drop_column('search_text')  # the documents below have it better
    op.create_table('search_documents',
    sa.Column('product_id', big, autoincrement=False, nullable=False),
    sa.Column('place', big, nullable=False),
    sa.Column('name_key', sa.String(length=255), nullable=False),
    sa.Column('names', sa.Text(), nullable=False),
    sa.Column('kinds', sa.Text(), nullable=False),
    sa.Column('details', sa.Text(), nullable=False),
    sa.Column('texts', sa.Text(), nullable=False),
    sa.Column('vocabulary', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['product_id'], ['products.id'], name=op.f('fk_search_documents_product_id')),
    sa.PrimaryKeyConstraint('product_id', name=op.f('pk_search_documents')),
    sa.UniqueConstraint('place', name=op.f('uq_search_documents_place'))
    )
    op.create_index(op.f('ix_search_documents_name_key'), 'search_documents', ['name_key'])
    op.create_table('search_skus',
    sa.Column('product_id', big, nullable=False),
    sa.Column('sku', by_code_point(80), nullable=False),
    sa.ForeignKeyConstraint(['product_id'], ['products.id'], name=op.f('fk_search_skus_product_id')),
    sa.PrimaryKeyConstraint('product_id', 'sku', name=op.f('pk_search_skus'))
    )
    op.create_index('ix_search_skus_sku', 'search_skus', ['sku', 'product_id'])
    op.create_table('search_words',
    sa.Column('id', big, nullable=False),
    sa.Column('word', by_code_point(40), nullable=False),
    sa.Column('term', by_code_point(40), nullable=False),
    sa.Column('documents', big, nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_search_words')),
    sa.UniqueConstraint('word', name=op.f('uq_search_words_word'))
    )
    op.create_index(op.f('ix_search_words_term'), 'search_words', ['term'])
    op.create_table('search_typos',
    sa.Column('typed', by_code_point(40), nullable=False),
    sa.Column('word', by_code_point(40), nullable=False),
    sa.PrimaryKeyConstraint('typed', 'word', name=op.f('pk_search_typos'))
    )
    op.create_index(op.f('ix_search_typos_word'), 'search_typos', ['word'])
    op.create_table('search_queue',
    sa.Column('id', big, nullable=False),
    sa.Column('product_id', big, nullable=False),
    sa.ForeignKeyConstraint(['product_id'], ['products.id'], name=op.f('fk_search_queue_product_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_search_queue'))
    )
    op.create_table('synonyms',
    sa.Column('id', big, nullable=False),
    sa.Column('public_id', sa.String(length=40), nullable=False),
    sa.Column('words', sa.JSON(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_synonyms')),
    sa.UniqueConstraint('public_id', name=op.f('uq_synonyms_public_id'))
    )
    op.create_table('synonym_phrases',
    sa.Column('synonym_id', big, nullable=False),
    sa.Column('phrase', sa.String(length=130), nullable=False),
    sa.ForeignKeyConstraint(['synonym_id'], ['synonyms.id'], name=op.f('fk_synonym_phrases_synonym_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('synonym_id', 'phrase', name=op.f('pk_synonym_phrases'))
    )
    op.create_index(op.f('ix_synonym_phrases_phrase'), 'synonym_phrases', ['phrase'])
    op.create_table('search_counts',
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('query', sa.String(length=80), nullable=False),
    sa.Column('times', big, nullable=False),
    sa.Column('found', big, nullable=False),
    sa.PrimaryKeyConstraint('day', 'query', name=op.f('pk_search_counts'))
    )
    connection = op.get_bind()
    make = make_on_sqlite if connection.dialect.name == 'sqlite' else make_on_postgresql
    make(connection)
    # The scheduler works this off; the products can be found as soon as it has.
    op.execute("INSERT INTO search_queue (product_id) SELECT id FROM products ORDER BY id")


def make_on_postgresql(connection) -> None:
    """Two tsvectors of each document: of the name alone, and of all of it by weight. No text parser is asked."""
    def weighted(column, weight):
        return f"regexp_replace({column}, '(\\S+)', '\\1:1{weight}', 'g')"

    whole = " || ' ' || ".join(
        weighted(column, weight) for column, weight in zip(('names', 'kinds', 'details', 'texts'), 'ABCD')
    )
    op.execute(f"""
        ALTER TABLE search_documents
            ADD COLUMN names_vector tsvector NOT NULL GENERATED ALWAYS AS (names::tsvector) STORED,
            ADD COLUMN vector tsvector NOT NULL GENERATED ALWAYS AS (({whole})::tsvector) STORED
    """)
    op.execute("CREATE INDEX ix_search_documents_names_vector ON search_documents USING gin (names_vector)")
    op.execute("CREATE INDEX ix_search_documents_vector ON search_documents USING gin (vector)")
    try:
        with connection.begin_nested():
            connection.execute(sa.text(f"CREATE EXTENSION IF NOT EXISTS {EXTENSION}"))
            connection.execute(sa.text(
                "CREATE INDEX ix_search_words_trigrams ON search_words USING gin (word gin_trgm_ops)"
            ))
    except sa.exc.DBAPIError as error:  # not installed, or not ours to create: only two wrong letters in a word are not understood
        print(f"Note: the extension {EXTENSION} could not be created ({str(error.orig).splitlines()[0]})."
              " Words with two wrong letters will not be corrected.")


def make_on_sqlite(connection) -> None:
    """FTS5 tables over documents and over words, kept by triggers."""
    connection.exec_driver_sql("""
        CREATE VIRTUAL TABLE search_documents_fts USING fts5 (names, kinds, details, texts,
            content='search_documents', content_rowid='place', tokenize='ascii', detail=column)
    """)
    connection.exec_driver_sql("""
        CREATE VIRTUAL TABLE search_words_fts USING fts5 (word,
            content='search_words', content_rowid='id', tokenize='trigram case_sensitive 1')
    """)
    columns = ('names', 'kinds', 'details', 'texts')
    keep_by_triggers(connection, 'search_documents', 'place', columns)
    keep_by_triggers(connection, 'search_words', 'id', ('word',))


def keep_by_triggers(connection, table, rowid, columns) -> None:
    names = ', '.join(columns)

    def values(row):
        return ', '.join(f'{row}.{column}' for column in (rowid, *columns))

    add = f"INSERT INTO {table}_fts (rowid, {names}) VALUES ({values('new')});"
    remove = f"INSERT INTO {table}_fts ({table}_fts, rowid, {names}) VALUES ('delete', {values('old')});"
    of = ', '.join((rowid, *columns))
    connection.exec_driver_sql(f"CREATE TRIGGER {table}_added AFTER INSERT ON {table} BEGIN {add} END")
    connection.exec_driver_sql(f"CREATE TRIGGER {table}_removed AFTER DELETE ON {table} BEGIN {remove} END")
    connection.exec_driver_sql(f"CREATE TRIGGER {table}_changed AFTER UPDATE OF {of} ON {table} BEGIN {remove} {add} END")


def downgrade() -> None:
    if op.get_bind().dialect.name == 'sqlite':
        op.execute("DROP TABLE search_words_fts")
        op.execute("DROP TABLE search_documents_fts")
        for table in ('search_documents', 'search_words'):
            for event in ('added', 'removed', 'changed'):
                op.execute(f"DROP TRIGGER {table}_{event}")
    for table in ('search_counts', 'synonym_phrases', 'synonyms', 'search_queue', 'search_typos', 'search_words',
                  'search_skus', 'search_documents'):
        op.drop_table(table)
    with op.batch_alter_table('products', schema=None) as batch_op:
        batch_op.add_column(sa.Column('search_text', sa.Text(), nullable=False, server_default=''))
