"""Tax zones, the places that they cover, and their rates by category."""

import sqlalchemy as sa
from alembic import op

from shop.db import UtcDateTime

revision = '0010'
down_revision = '0008'
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table('tax_zones',
    sa.Column('id', NUMBER, nullable=False),
    sa.Column('public_id', sa.String(length=40), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('position', NUMBER, nullable=False),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('prices_include_tax', sa.Boolean(), nullable=False),
    sa.Column('rounding', sa.String(length=8), nullable=False),
    sa.Column('shipping_is_taxed', sa.Boolean(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.CheckConstraint("rounding IN ('line', 'order')", name=op.f('ck_tax_zones_rounding')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tax_zones')),
    sa.UniqueConstraint('public_id', name=op.f('uq_tax_zones_public_id'))
    )
    op.create_table('tax_zone_places',
    sa.Column('id', NUMBER, nullable=False),
    sa.Column('zone_id', NUMBER, nullable=False),
    sa.Column('country', sa.String(length=2), nullable=False),
    sa.Column('region', sa.String(length=80), nullable=False),
    sa.Column('region_key', sa.String(length=200), nullable=False),
    sa.CheckConstraint("(region = '') = (region_key = '')", name=op.f('ck_tax_zone_places_region_has_a_key')),
    sa.ForeignKeyConstraint(['zone_id'], ['tax_zones.id'], name=op.f('fk_tax_zone_places_zone_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tax_zone_places')),
    sa.UniqueConstraint('zone_id', 'country', 'region_key', name=op.f('uq_tax_zone_places_zone_id_country_region_key'))
    )
    op.create_index('ix_tax_zone_places_place', 'tax_zone_places', ['country', 'region_key'])
    op.create_table('tax_rates',
    sa.Column('id', NUMBER, nullable=False),
    sa.Column('zone_id', NUMBER, nullable=False),
    sa.Column('category_id', NUMBER, nullable=True),
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('parts_per_million', NUMBER, nullable=False),
    sa.CheckConstraint('parts_per_million BETWEEN 0 AND 1000000', name=op.f('ck_tax_rates_parts_per_million')),
    sa.ForeignKeyConstraint(['category_id'], ['categories.id'], name=op.f('fk_tax_rates_category_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['zone_id'], ['tax_zones.id'], name=op.f('fk_tax_rates_zone_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tax_rates')),
    sa.UniqueConstraint('zone_id', 'category_id', name=op.f('uq_tax_rates_zone_id_category_id'))
    )
    op.create_index(op.f('ix_tax_rates_category_id'), 'tax_rates', ['category_id'])
    where = sa.text('category_id IS NULL')
    op.create_index('ix_tax_rates_standard', 'tax_rates', ['zone_id'], unique=True, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    op.drop_table('tax_rates')
    op.drop_table('tax_zone_places')
    op.drop_table('tax_zones')
