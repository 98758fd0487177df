"""Flat rows for lists, the values they are narrowed by, attributes, collections and former addresses."""

import json
import secrets
import unicodedata

import sqlalchemy as sa
from alembic import op

from shop.db import UtcDateTime

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('attributes',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('public_id', sa.String(length=40), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('label', sa.String(length=120), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('unit', sa.String(length=16), nullable=False),
    sa.Column('is_filterable', sa.Boolean(), nullable=False),
    sa.Column('position', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.CheckConstraint("kind IN ('choice', 'number', 'yes_no', 'text')", name=op.f('ck_attributes_kind')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attributes')),
    sa.UniqueConstraint('name', name=op.f('uq_attributes_name')),
    sa.UniqueConstraint('public_id', name=op.f('uq_attributes_public_id'))
    )
    op.create_table('collections',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('public_id', sa.String(length=40), nullable=False),
    sa.Column('slug', sa.String(length=120), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('description', sa.Text(), nullable=False),
    sa.Column('seo_title', sa.String(length=255), nullable=False),
    sa.Column('seo_description', sa.String(length=500), nullable=False),
    sa.Column('position', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('rules', sa.JSON(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_collections')),
    sa.UniqueConstraint('public_id', name=op.f('uq_collections_public_id')),
    sa.UniqueConstraint('slug', name=op.f('uq_collections_slug'))
    )
    op.create_table('former_slugs',
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('slug', sa.String(length=160), nullable=False),
    sa.Column('subject_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.CheckConstraint("kind IN ('product', 'category', 'collection')", name=op.f('ck_former_slugs_kind')),
    sa.PrimaryKeyConstraint('kind', 'slug', name=op.f('pk_former_slugs'))
    )
    op.create_table('collection_products',
    sa.Column('collection_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('product_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('position', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['collection_id'], ['collections.id'], name=op.f('fk_collection_products_collection_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['product_id'], ['products.id'], name=op.f('fk_collection_products_product_id')),
    sa.PrimaryKeyConstraint('collection_id', 'product_id', name=op.f('pk_collection_products'))
    )
    with op.batch_alter_table('collection_products', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_collection_products_product_id'), ['product_id'], unique=False)

    op.create_table('facet_values',
    sa.Column('product_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('value', sa.String(length=255), nullable=False),
    sa.ForeignKeyConstraint(['product_id'], ['products.id'], name=op.f('fk_facet_values_product_id')),
    sa.PrimaryKeyConstraint('product_id', 'name', 'value', name=op.f('pk_facet_values'))
    )
    with op.batch_alter_table('facet_values', schema=None) as batch_op:
        batch_op.create_index('ix_facet_values_name_value', ['name', 'value', 'product_id'], unique=False)

    op.create_table('listings',
    sa.Column('product_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('name_key', sa.String(length=255), nullable=False),
    sa.Column('category_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('price_amount', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('compare_at_amount', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('highest_price_amount', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('variant_count', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('rating_sum', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('rating_count', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('sold_count', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.CheckConstraint('rating_count >= 0', name=op.f('ck_listings_rating_count_not_negative')),
    sa.CheckConstraint('rating_sum BETWEEN rating_count AND 5 * rating_count', name=op.f('ck_listings_rating_sum_fits_count')),
    sa.ForeignKeyConstraint(['category_id'], ['categories.id'], name=op.f('fk_listings_category_id')),
    sa.ForeignKeyConstraint(['product_id'], ['products.id'], name=op.f('fk_listings_product_id')),
    sa.PrimaryKeyConstraint('product_id', name=op.f('pk_listings'))
    )
    with op.batch_alter_table('listings', schema=None) as batch_op:
        batch_op.create_index('ix_listings_category', ['category_id', 'status', 'price_amount', 'product_id'], unique=False)
        batch_op.create_index('ix_listings_status_created_at', ['status', 'created_at', 'product_id'], unique=False)
        batch_op.create_index('ix_listings_status_name', ['status', 'name_key', 'product_id'], unique=False)
        batch_op.create_index('ix_listings_status_price', ['status', 'price_amount', 'product_id'], unique=False)
        batch_op.create_index('ix_listings_status_sold', ['status', 'sold_count', 'product_id'], unique=False)

    with op.batch_alter_table('categories', schema=None) as batch_op:
        batch_op.add_column(sa.Column('seo_title', sa.String(length=255), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('seo_description', sa.String(length=500), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('updated_at', UtcDateTime(), nullable=False, server_default=sa.func.now()))

    with op.batch_alter_table('products', schema=None) as batch_op:  # lists are read from the flat rows now
        batch_op.drop_index('ix_products_status_price')
        batch_op.drop_index('ix_products_status_name')
        batch_op.drop_index('ix_products_status_created_at')
        batch_op.drop_index('ix_products_category_price')

    fill_from_products(op.get_bind())



def fill_from_products(connection) -> None:
    """Flat rows, attributes and facet values of the products that are there; as the operations of this version do."""
    connection.execute(sa.text("""
        INSERT INTO listings (product_id, status, name_key, category_id, price_amount, compare_at_amount,
            highest_price_amount, currency, variant_count, rating_sum, rating_count, sold_count, created_at)
        SELECT p.id, p.status, '', p.category_id, p.from_price_amount,
            (SELECT MIN(v.compare_at_amount) FROM variants v WHERE v.product_id = p.id AND v.is_active
                AND v.price_amount = p.from_price_amount AND v.compare_at_amount > v.price_amount),
            (SELECT COALESCE(MAX(v.price_amount), 0) FROM variants v WHERE v.product_id = p.id AND v.is_active),
            p.currency, (SELECT COUNT(*) FROM variants v WHERE v.product_id = p.id AND v.is_active),
            0, 0, 0, p.created_at
        FROM products p
    """))
    longest = connection.execute(sa.text(
        "SELECT name, MAX(LENGTH(value)) FROM product_attributes GROUP BY name ORDER BY name"
    )).all()
    filterable = {name for name, length in longest if length <= 60}
    attributes = sa.table("attributes", *map(sa.column, ("public_id", "name", "label", "kind", "unit", "position")),
                          sa.column("is_filterable", sa.Boolean), sa.column("updated_at", UtcDateTime))
    now = connection.execute(sa.text("SELECT MAX(updated_at) FROM products").columns(sa.column("", UtcDateTime))).scalar()
    for position, (name, _) in enumerate(longest, start=1):
        connection.execute(attributes.insert().values(
            public_id=f"attr_{secrets.token_hex(16)}", name=name, label=name.replace("_", " ").capitalize(),
            kind="choice" if name in filterable else "text", unit="", is_filterable=name in filterable,
            position=position, updated_at=now,
        ))
    last = 0
    while batch := connection.execute(sa.text(
        "SELECT id, name, status, brand, tags, option_names FROM products WHERE id > :last ORDER BY id LIMIT 500"
    ), {"last": last}).all():
        last = batch[-1].id
        fill_batch(connection, batch, filterable)


def fill_batch(connection, batch, filterable) -> None:
    """Sort keys and facet values of some products."""
    span = {"first": batch[0].id, "last": batch[-1].id}
    values = {(row.id, "brand", row.brand) for row in batch}
    values |= {(row.id, "tag", tag) for row in batch for tag in as_list(row.tags)}
    options = {row.id: [facet_name(name) for name in as_list(row.option_names)] for row in batch}
    for row in connection.execute(sa.text(
        "SELECT product_id, option_values FROM variants WHERE is_active AND product_id BETWEEN :first AND :last"
    ), span):
        values |= {(row.product_id, *pair) for pair in zip(options[row.product_id], as_list(row.option_values))}
    for row in connection.execute(sa.text(
        "SELECT product_id, name, value FROM product_attributes WHERE product_id BETWEEN :first AND :last"
    ), span):
        if row.name in filterable:
            values.add((row.product_id, row.name, row.value))
    on_sale = {row.id for row in batch if row.status == "active"}
    rows = [{"id": id_, "name": name, "value": value} for id_, name, value in sorted(values)
            if id_ in on_sale and name and value and len(value) <= 255]
    if rows:
        connection.execute(sa.text("INSERT INTO facet_values VALUES (:id, :name, :value)"), rows)
    connection.execute(sa.text("UPDATE listings SET name_key = :key WHERE product_id = :id"),
                       [{"id": row.id, "key": folded(row.name)[:255]} for row in batch])


def as_list(value):
    """A JSON column as SQLite's driver gives it (text) or PostgreSQL's (a list)."""
    return json.loads(value) if isinstance(value, str) else value


def folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char)).casefold()


def facet_name(option_name: str) -> str:
    return "_".join("".join(char if char.isalnum() else " " for char in folded(option_name)).split())[:80]


def downgrade() -> None:
    with op.batch_alter_table('products', schema=None) as batch_op:
        batch_op.create_index('ix_products_category_price', ['category_id', 'status', 'from_price_amount', 'id'], unique=False)
        batch_op.create_index('ix_products_status_created_at', ['status', 'created_at'], unique=False)
        batch_op.create_index('ix_products_status_name', ['status', 'name', 'id'], unique=False)
        batch_op.create_index('ix_products_status_price', ['status', 'from_price_amount', 'id'], unique=False)

    with op.batch_alter_table('categories', schema=None) as batch_op:
        batch_op.drop_column('updated_at')
        batch_op.drop_column('seo_description')
        batch_op.drop_column('seo_title')

    with op.batch_alter_table('listings', schema=None) as batch_op:
        batch_op.drop_index('ix_listings_status_sold')
        batch_op.drop_index('ix_listings_status_price')
        batch_op.drop_index('ix_listings_status_name')
        batch_op.drop_index('ix_listings_status_created_at')
        batch_op.drop_index('ix_listings_category')

    op.drop_table('listings')
    with op.batch_alter_table('facet_values', schema=None) as batch_op:
        batch_op.drop_index('ix_facet_values_name_value')

    op.drop_table('facet_values')
    with op.batch_alter_table('collection_products', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_collection_products_product_id'))

    op.drop_table('collection_products')
    op.drop_table('former_slugs')
    op.drop_table('collections')
    op.drop_table('attributes')
